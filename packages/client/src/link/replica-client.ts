/** The connection to one replica, which successive sessions of a channel share. */
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  connectivityState,
  type StatusObject,
} from '@grpc/grpc-js';
import { outside } from '@understudy/context';
import {
  CONNECT_PATH,
  type DialledLink,
  FRAME_OPTIONS,
  identity,
  KEEPALIVE_OPTIONS,
  reconnectOptions,
  unwrapped,
} from '@understudy/grpc-common';
import { HINT_OPTION } from '../routing/policy.js';
import { NO_PROXY } from '../routing/proxy.js';
import type { ReplicaPlace } from '../routing/replica-list.js';
import { Dial } from './dial.js';

/** The waits between attempts to open a link, and between grpc-js's own attempts to connect. */
export const RETRY = { firstMs: 50, maxMs: 1000 } as const;
/** The same waits as options for every connection of a client. */
export const RECONNECT_OPTIONS = reconnectOptions(RETRY);

/**
 * The connection to one replica, which successive sessions of a channel share. A connection that is idle does not keep
 * the process alive, but an attempt to connect does; `rest` gives it up when no session needs it.
 */
export class ReplicaClient {
  readonly address: ReplicaPlace;
  readonly #credentials: ChannelCredentials;
  readonly #options: ChannelOptions;
  readonly #dial: Dial;
  #client: Client | undefined;
  #users = 0;
  #failure: string | undefined;
  #probe: DialledLink | undefined;

  constructor(address: ReplicaPlace, credentials: ChannelCredentials, options: ChannelOptions) {
    this.address = address;
    this.#credentials = credentials;
    this.#options = { ...connectionOptions(options), ...NO_PROXY, ...address.proxy?.options };
    this.#dial = new Dial(address, () => this.#state === connectivityState.READY);
  }

  /**
   * Why the last attempt to connect failed. Undefined if it did not fail, and for a moment afterwards until the reason
   * is known.
   */
  get failure(): string | undefined {
    const state = this.#state;
    if (state !== connectivityState.TRANSIENT_FAILURE) this.#failure = undefined;
    else if (this.#failure === undefined) this.#learnFailure();
    return this.#failure;
  }

  /** Calls back when the replica is connected, however long that takes; never, if `rest` or `close` comes first. */
  whenReady(ready: () => void): void {
    const client = this.#open();
    client.waitForReady(Number.POSITIVE_INFINITY, (error) => {
      if (error === undefined && this.#client === client) ready();
    });
  }

  connect(): DialledLink {
    const client = this.#open();
    const make = unwrapped(client.makeBidiStreamRequest<Buffer, Buffer>);
    return outside(() => make.call(client, CONNECT_PATH, identity, identity));
  }

  /** Counts one more session that uses this replica, until it calls `rest`. */
  use(): void {
    this.#users++;
  }

  /**
   * Counts one session less. After the last one, attempts to connect are given up, but a connection that stands is
   * kept.
   */
  rest(): void {
    this.#users--;
    if (this.#users > 0) return;
    if (this.#state !== connectivityState.READY) this.#disconnect();
  }

  /** Ends the connection for good. */
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

  /** Makes a call just to learn why the channel fails, because grpc-js tells the reason only to calls. */
  #learnFailure(): void {
    if (this.#probe !== undefined) return;
    const probe = this.connect();
    this.#probe = probe;
    probe.on('error', () => {});
    probe.on('status', ({ details }: StatusObject) => {
      this.#probe = undefined;
      this.#failure = details;
    });
    // The replica answered after all, so the call is not needed any more.
    probe.once('metadata', () => probe.cancel());
    probe.end();
  }

  #open(): Client {
    this.#client ??= new Client(this.#dial.target, this.#credentials, this.#options);
    return this.#client;
  }
}

/** The user's options, such as those for TLS, without those that make a channel a replicated one. */
function connectionOptions(options: ChannelOptions): ChannelOptions {
  const kept: ChannelOptions = { ...options };
  delete kept['grpc.service_config'];
  delete kept[HINT_OPTION];
  return { ...KEEPALIVE_OPTIONS, ...kept, ...RECONNECT_OPTIONS, ...FRAME_OPTIONS };
}
