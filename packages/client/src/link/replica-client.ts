import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  connectivityState,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  CONNECT_PATH,
  type DialledLink,
  FRAME_OPTIONS,
  identity,
  KEEPALIVE_OPTIONS,
  reconnectOptions,
} from '@understudy/grpc-common';
import { HINT_OPTION } from '../routing/policy.js';
import type { ReplicaAddress } from '../routing/target.js';
import { Dial } from './dial.js';

/** How long attempts to reach a replica wait for each other: ours to open a stream, and grpc-js's own to connect. */
export const RETRY = { firstMs: 50, maxMs: 1000 } as const;
/** The same for grpc-js, on every connection of the client. */
export const RECONNECT_OPTIONS = reconnectOptions(RETRY);

/**
 * The connection to one replica, which successive sessions of a channel share. An idle connection does not keep the
 * process alive, but an attempt to make one does; hence `rest`.
 */
export class ReplicaClient {
  readonly address: ReplicaAddress;
  readonly #credentials: ChannelCredentials;
  readonly #options: ChannelOptions;
  readonly #dial: Dial;
  #client: Client | undefined;
  #users = 0;
  #failure: string | undefined;
  #probe: DialledLink | undefined;

  constructor(address: ReplicaAddress, credentials: ChannelCredentials, options: ChannelOptions) {
    this.address = address;
    this.#credentials = credentials;
    this.#options = connectionOptions(options);
    this.#dial = new Dial(address, () => this.#state === connectivityState.READY);
  }

  /** Why the last attempt to connect failed; undefined unless it did, and shortly before that is known. */
  get failure(): string | undefined {
    const state = this.#state;
    if (state !== connectivityState.TRANSIENT_FAILURE) this.#failure = undefined;
    else if (this.#failure === undefined) this.#learnFailure();
    return this.#failure;
  }

  /** Calls back when the replica can be reached, however long that takes, or never if the client is put to rest. */
  whenReady(ready: () => void): void {
    const client = this.#open();
    client.waitForReady(Number.POSITIVE_INFINITY, (error) => {
      if (error === undefined && this.#client === client) ready();
    });
  }

  connect(): DialledLink {
    return this.#open().makeBidiStreamRequest(CONNECT_PATH, identity, identity);
  }

  /** A session uses this replica from here to `rest`. */
  use(): void {
    this.#users++;
  }

  /** When no session needs the replica any more: gives up attempts to connect, keeps a connection that stands. */
  rest(): void {
    this.#users--;
    if (this.#users > 0) return;
    if (this.#state !== connectivityState.READY) this.#disconnect();
  }

  /** For good. */
  close(): void {
    this.#disconnect();
    this.#dial.forget();
  }

  get #state(): connectivityState | undefined {
    return this.#client?.getChannel().getConnectivityState(false);
  }

  #disconnect(): void {
    this.#dial.closing(this.#state === connectivityState.READY);
    this.#client?.close();
    this.#client = undefined;
  }

  /** A channel tells why it fails only to a call. */
  #learnFailure(): void {
    if (this.#probe !== undefined) return;
    const probe = this.connect();
    this.#probe = probe;
    probe.on('error', () => {});
    probe.on('status', ({ details }: StatusObject) => {
      this.#probe = undefined;
      this.#failure = details;
    });
    // Should it be answered after all, it is not needed.
    probe.once('metadata', () => probe.cancel());
    probe.end();
  }

  #open(): Client {
    this.#client ??= new Client(this.#dial.target, this.#credentials, this.#options);
    return this.#client;
  }
}

/** The user's options, for TLS and the like, without what makes the channel a replicated one. */
function connectionOptions(options: ChannelOptions): ChannelOptions {
  const kept: ChannelOptions = { ...options };
  delete kept['grpc.service_config'];
  delete kept[HINT_OPTION];
  return { ...KEEPALIVE_OPTIONS, ...kept, ...RECONNECT_OPTIONS, ...FRAME_OPTIONS };
}
