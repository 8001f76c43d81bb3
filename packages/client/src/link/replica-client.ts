import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  connectivityState,
  type StatusObject,
} from '@grpc/grpc-js';
import { RECONNECT_OPTIONS } from '../backoff.js';
import { HINT_OPTION } from '../routing/policy.js';
import type { ReplicaAddress } from '../routing/target.js';
import { Dial } from './dial.js';

const CONNECT_PATH = '/understudy.v1.Multicast/Connect';
/** grpc-js starts with 64 KiB, which a turn's replies can exceed. */
const WINDOW_BYTES = 16 * 1024 * 1024;

/** A network that is cut says nothing: without pings a stream into it would seem to be up for many minutes. */
const KEEPALIVE_OPTIONS = { 'grpc.keepalive_time_ms': 2_000, 'grpc.keepalive_timeout_ms': 4_000 };

/** A stream of a session to one replica; messages are protobuf `Frame`s, already encoded. */
export type FrameStream = ClientDuplexStream<Buffer, Buffer>;

const identity = (bytes: Buffer): Buffer => bytes;

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
  #probe: FrameStream | undefined;

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

  connect(): FrameStream {
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
  return {
    ...KEEPALIVE_OPTIONS,
    ...kept,
    ...RECONNECT_OPTIONS,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    // A stream is never retried by grpc-js; without this it would keep a copy of what it sends.
    'grpc.enable_retries': 0,
    // Two clients of a process do not wait for each other's bytes.
    'grpc.use_local_subchannel_pool': 1,
  };
}
