/** The dialling side of a link from one replica to another. */
import {
  type ChannelCredentials,
  Client,
  connectivityState,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { type Logger, type Member, type ReplicaId, UnderstudyError } from '@understudy/core';
import {
  Backoff,
  type BackoffRange,
  CODE_KEY,
  type DialledLink,
  FRAME_OPTIONS,
  hangUp,
  identity,
  KEEPALIVE_OPTIONS,
  LINK_PATH,
  reconnectOptions,
} from '@understudy/grpc-common';
import { decodePeerHello, encodePeerHello, type PeerHello } from '@understudy/wire';
import { FrameChannel } from './frame-channel.js';
import { mismatch } from './peer-hello.js';

const QUEUED_MAX_BYTES = 64 * 1024 * 1024;
const RETRY: BackoffRange = { firstMs: 20, maxMs: 500 };
/**
 * A connection attempt that takes longer is started anew: a host that is gone answers nothing, and may be back at
 * another address.
 */
const CONNECT_WITHIN_MS = 3_000;

const CHANNEL_OPTIONS = {
  ...KEEPALIVE_OPTIONS,
  ...FRAME_OPTIONS,
  ...reconnectOptions(RETRY),
  'grpc.dns_min_time_between_resolutions_ms': RETRY.maxMs,
};

export interface PeerLinkOptions {
  readonly id: ReplicaId;
  /** `host:port` */
  readonly address: string;
  readonly hello: PeerHello;
  readonly credentials: ChannelCredentials;
  readonly logger: Logger;
  readonly onUp: (peer: Member) => void;
  readonly onDown: (peer: ReplicaId) => void;
  /** Called when the two replicas are set up so that they cannot work together. */
  readonly onMismatch: (error: UnderstudyError) => void;
}

/** The link on which this replica sends to one other. It dials until it is closed. */
export class PeerLink {
  readonly address: string;
  readonly #options: PeerLinkOptions;
  #client: Client;
  readonly #backoff = new Backoff(RETRY);
  #link: DialledLink | undefined;
  #channel: FrameChannel | undefined;
  #up = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #lastProblem = '';

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.address = options.address;
    this.#client = this.#dial();
    this.#connect();
  }

  /** Sends one frame if the link is up. The other replica asks for what was lost with a link on the next one. */
  send(messages: readonly Buffer[]): void {
    if (this.#up) this.#channel?.sendMessages(messages);
  }

  /** Ends the link after what was sent on it. */
  close(): void {
    const link = this.#link;
    this.#abandon();
    if (link !== undefined) hangUp(link);
  }

  /** Drops the link as it is, as the death of the process would. */
  crash(): void {
    const link = this.#link;
    this.#abandon();
    link?.cancel();
  }

  #abandon(): void {
    this.#closed = true;
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    this.#lost();
    this.#client.close();
  }

  #dial(): Client {
    const { address, credentials } = this.#options;
    return new Client(address, credentials, CHANNEL_OPTIONS);
  }

  #connect(): void {
    const client = this.#client;
    client.waitForReady(Date.now() + CONNECT_WITHIN_MS, (error) => {
      if (this.#closed || this.#link !== undefined || client !== this.#client) return;
      if (error === undefined) {
        this.#open();
        return;
      }
      // If the connection was refused, grpc-js itself tries again.
      if (client.getChannel().getConnectivityState(false) === connectivityState.CONNECTING) {
        client.close();
        this.#client = this.#dial();
      }
      this.#connect();
    });
  }

  #open(): void {
    const link = this.#client.makeBidiStreamRequest(LINK_PATH, identity, identity);
    this.#link = link;
    this.#channel = new FrameChannel({
      link,
      queuedMaxBytes: QUEUED_MAX_BYTES,
      onFrame: (bytes) => this.#onHello(decodePeerHello(bytes)),
      onMalformed: (error) => this.#drop(error.message),
      onOverflow: () => this.#drop('the other replica does not read what it is sent'),
    });
    // A failure also comes as a status; without a listener grpc-js would throw it.
    link.on('error', (_error: ServiceError) => {});
    link.on('status', (status: StatusObject) => this.#onStatus(link, status));
    this.#channel.send(encodePeerHello(this.#options.hello));
  }

  #onHello(theirs: PeerHello): void {
    if (this.#up) return;
    const { id, hello, onMismatch, onUp } = this.#options;
    const wrongName = `the replica at ${this.address} is named ${theirs.member.id}, not ${id}`;
    const problem = theirs.member.id === id ? mismatch(hello, theirs) : wrongName;
    if (problem !== undefined) {
      onMismatch(new UnderstudyError('UNDERSTUDY_SETUP', problem));
      this.#drop(problem);
      return;
    }
    this.#up = true;
    this.#lastProblem = '';
    this.#backoff.reset();
    onUp(theirs.member);
  }

  #onStatus(link: DialledLink, { code, details, metadata }: StatusObject): void {
    if (link !== this.#link) return;
    if (metadata.get(CODE_KEY)[0] === 'UNDERSTUDY_SETUP') {
      this.#options.onMismatch(new UnderstudyError('UNDERSTUDY_SETUP', details.replace(/^UNDERSTUDY_SETUP: /, '')));
    }
    this.#tell(`status ${code}: ${details}`);
    this.#lost();
    this.#connectLater();
  }

  #drop(reason: string): void {
    const link = this.#link;
    this.#tell(reason);
    this.#lost();
    link?.cancel();
    this.#connectLater();
  }

  #lost(): void {
    this.#channel?.close();
    this.#channel = undefined;
    this.#link = undefined;
    if (!this.#up) return;
    this.#up = false;
    this.#options.onDown(this.#options.id);
  }

  #connectLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.#connect(), this.#backoff.next());
    this.#retry.unref();
  }

  /** Logs once for each problem, not for each attempt. */
  #tell(reason: string): void {
    if (reason === this.#lastProblem) return;
    this.#lastProblem = reason;
    this.#options.logger.log('info', 'link to a peer ended', {
      peer: this.#options.id,
      address: this.address,
      reason,
    });
  }
}
