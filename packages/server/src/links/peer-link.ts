/** The dialling side of a link from one replica to another. */
import {
  type ChannelCredentials,
  Client,
  connectivityState,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { outside } from '@understudy/context';
import { type Leadership, type Logger, type Member, type ReplicaId, UnderstudyError } from '@understudy/core';
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
  messageOf,
  reconnectOptions,
  type SendOptions,
  sentenceOf,
  unwrapped,
} from '@understudy/grpc-common';
import {
  decodePeerBrings,
  decodePeerHello,
  encodePeerHello,
  type FrameBytes,
  type LivenessDoor,
  type PeerHello,
} from '@understudy/wire';
import { setupError } from '../checks/setup-error.js';
import { checkSame, DiallingProof } from '../identity/link-proof.js';
import type { PeerTrust } from '../identity/peer-trust.js';
import { FrameChannel } from './frame-channel.js';
import { mismatch } from './peer-hello.js';

const QUEUED_MAX_BYTES = 64 * 1024 * 1024;
/**
 * The waits between attempts. A peer that is back dials this replica, which then dials it at once, so long waits for a
 * dead peer do no harm.
 */
const RETRY: BackoffRange = { firstMs: 20, maxMs: 5_000 };
/**
 * How long an attempt to connect may take before a new one begins. A dead host answers nothing and may be back at
 * another address. A suspended one accepts each connection and answers none, so attempts become fewer.
 */
const CONNECT_WITHIN: BackoffRange = { firstMs: 3_000, maxMs: 60_000 };
const RESOLVE_EVERY_MS = 500;

const CHANNEL_OPTIONS = {
  ...KEEPALIVE_OPTIONS,
  ...FRAME_OPTIONS,
  ...reconnectOptions(RETRY),
  'grpc.dns_min_time_between_resolutions_ms': RESOLVE_EVERY_MS,
};

/** How replicas connect to each other. A function is called for each connection, so that what it returns may change. */
export type PeerCredentials = ChannelCredentials | (() => ChannelCredentials);

/** How long the other side has to read the last frames. */
export const LAST_FRAMES_MS = 1_000;

/** A replica that does not prove itself within this time is dialled anew. */
const NAMED_WITHIN_MS = 10_000;

export interface PeerLinkOptions {
  readonly id: ReplicaId;
  /** `host:port` */
  readonly address: string;
  readonly hello: PeerHello;
  readonly credentials: PeerCredentials;
  readonly trust: PeerTrust;
  readonly logger: Logger;
  /**
   * @param brings what the other replica brings along as primary
   * @param door how its liveness thread lets this one's in; undefined if it has none
   * @param linkKey a key of this link that nobody else knows, if the group has a secret
   */
  readonly onUp: (
    peer: Member,
    brings: Leadership,
    door: LivenessDoor | undefined,
    linkKey: Buffer | undefined,
  ) => void;
  readonly onDown: (peer: ReplicaId) => void;
  /** Called when the two replicas are set up so that they cannot work together. */
  readonly onMismatch: (error: UnderstudyError) => void;
  /** How long the first attempt to connect may take, and the last ones. Default: 3 s, and up to a minute. */
  readonly connectWithin?: BackoffRange;
}

/** The link on which this replica sends to one other. It dials until it is closed. */
export class PeerLink {
  readonly address: string;
  readonly #options: PeerLinkOptions;
  /** The client of the present connection; undefined while there are no credentials. */
  #client: Client | undefined;
  readonly #backoff = new Backoff(RETRY);
  readonly #patience: Backoff;
  #link: DialledLink | undefined;
  #channel: FrameChannel | undefined;
  #up = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #nameless: NodeJS.Timeout | undefined;
  #impatience: NodeJS.Timeout | undefined;
  #proof: DiallingProof | undefined;
  /** The key of what the other side sends after its proof. */
  #keyOfAnswers: Buffer | undefined;
  /** The replica that proved itself at the other end. */
  #proven: Member | undefined;
  #stage: 'challenge' | 'proof' | 'hello' = 'hello';
  /** The hello of the other end, which says next what that replica brings along as primary. */
  #named: PeerHello | undefined;
  #lastProblem = '';

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#patience = new Backoff(options.connectWithin ?? CONNECT_WITHIN);
    this.address = options.address;
    this.#dialAnew();
    this.#connect();
  }

  get up(): boolean {
    return this.#up;
  }

  /** Sends one frame if the link is up. The other replica asks for what was lost with a link on the next one. */
  send(frame: FrameBytes, options?: SendOptions): void {
    if (this.#up) this.#channel?.send(frame, options);
  }

  /** Dials anew, if this link is not up and not about to be. */
  dialNow(): void {
    if (this.#closed || this.#link !== undefined) return;
    this.#backoff.reset();
    this.#patience.reset();
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#dialAnew();
    this.#connect();
  }

  /**
   * Ends the link after what was sent on it.
   *
   * @param withinMs when it ends at the latest, however much the peer has yet to read
   * @returns resolves when everything has left
   */
  close(withinMs = LAST_FRAMES_MS): Promise<void> {
    const [link, channel] = [this.#link, this.#channel];
    channel?.flush();
    this.#abandon();
    if (link !== undefined) hangUp(link, withinMs);
    return channel?.passedOn() ?? Promise.resolve();
  }

  /** Drops the link as it is, as the death of the process would. */
  crash(): void {
    const link = this.#link;
    this.#abandon();
    link?.cancel();
  }

  #abandon(): void {
    this.#closed = true;
    clearTimeout(this.#impatience);
    if (this.#retry !== undefined) clearTimeout(this.#retry);
    this.#lost();
    this.#client?.close();
  }

  #dial(): Client {
    const { address, credentials } = this.#options;
    return new Client(address, typeof credentials === 'function' ? credentials() : credentials, CHANNEL_OPTIONS);
  }

  #connect(): void {
    const client = this.#client;
    if (client === undefined) {
      this.#connectLater();
      return;
    }
    setImmediate(() => this.#openOnceReady(client));
    this.#bePatient(client);
  }

  /**
   * Does what grpc-js's `waitForReady` does, but for clients that are closed meanwhile: those would connect once more, and keep
   * the process alive until their deadline (1.14).
   */
  #openOnceReady(client: Client): void {
    if (!this.#isWaitingFor(client)) return;
    const channel = client.getChannel();
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) this.#open(client);
    else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => this.#openOnceReady(client));
  }

  /** Begins a new attempt if the present one takes too long. */
  #bePatient(client: Client): void {
    clearTimeout(this.#impatience);
    this.#impatience = setTimeout(() => {
      if (!this.#isWaitingFor(client)) return;
      if (client.getChannel().getConnectivityState(false) === connectivityState.CONNECTING) {
        this.#dialAnew();
        this.#connect();
      } else {
        // The connection was refused, and grpc-js itself tries again.
        this.#bePatient(client);
      }
    }, this.#patience.next()).unref();
  }

  #isWaitingFor(client: Client): boolean {
    return !this.#closed && this.#link === undefined && client === this.#client;
  }

  /** Gives up the connection, and takes new credentials for the next if they are made by a function. */
  #dialAnew(): void {
    try {
      const client = this.#client;
      this.#client = this.#dial();
      client?.close();
    } catch (error) {
      this.#tell(`peerCredentials failed: ${messageOf(error)}`);
    }
  }

  #open(client: Client): void {
    const make = unwrapped(client.makeBidiStreamRequest<Buffer, Buffer>);
    const link = outside(() => make.call(client, LINK_PATH, identity, identity));
    this.#link = link;
    this.#channel = new FrameChannel({
      link,
      queuedMaxBytes: QUEUED_MAX_BYTES,
      stranger: true,
      onFrame: (bytes) => this.#onFrame(bytes),
      onRefused: (error) => this.#refuse(error),
      onSilent: () => this.#drop('the other replica does not read what it is sent'),
    });
    // A failure also comes as a status; without a listener grpc-js would throw it.
    link.on('error', (_error: ServiceError) => {});
    link.on('status', (status: StatusObject) => this.#onStatus(link, status));
    this.#nameless = setTimeout(() => this.#drop('the other replica does not say who it is'), NAMED_WITHIN_MS).unref();
    this.#begin(this.#channel);
  }

  #begin(channel: FrameChannel): void {
    const { id, hello, trust } = this.#options;
    this.#proven = undefined;
    this.#named = undefined;
    this.#proof = undefined;
    this.#stage = 'hello';
    try {
      if (trust.secret !== undefined) {
        this.#proof = new DiallingProof(trust.secret, hello.group, hello.member, id);
        this.#stage = 'challenge';
      }
    } catch (error) {
      this.#refuse(error as UnderstudyError);
      return;
    }
    channel.send(this.#proof?.challenge ?? encodePeerHello(hello));
  }

  /** @throws UNDERSTUDY_MALFORMED, UNDERSTUDY_SETUP */
  #onFrame(bytes: Uint8Array): void {
    const [proof, channel] = [this.#proof, this.#channel];
    if (this.#up || channel === undefined) return;
    if (this.#named !== undefined) {
      this.#onBrings(this.#named, decodePeerBrings(bytes));
    } else if (proof === undefined || this.#stage === 'hello') {
      this.#onHello(decodePeerHello(bytes));
    } else if (this.#stage === 'challenge') {
      const { proof: mine, keys } = proof.onChallenge(bytes);
      channel.send(mine);
      channel.sealOutgoing(keys.toDialled);
      channel.send(encodePeerHello(this.#options.hello));
      this.#stage = 'proof';
      this.#keyOfAnswers = keys.toDialler;
    } else {
      this.#proven = proof.onProof(bytes);
      if (this.#keyOfAnswers !== undefined) channel.checkIncoming(this.#keyOfAnswers);
      this.#stage = 'hello';
    }
  }

  #onHello(theirs: PeerHello): void {
    const { id, hello, trust } = this.#options;
    if (this.#proven !== undefined) checkSame(this.#proven, theirs.member);
    if (theirs.member.id !== id) {
      throw setupError(`the replica at ${this.address} is named ${theirs.member.id}, not ${id}`);
    }
    const stranger = this.#link === undefined ? undefined : trust.refusesReplica(this.#link, id);
    const problem = stranger ?? mismatch(hello, theirs);
    if (problem !== undefined) throw setupError(problem);
    this.#channel?.trust();
    this.#named = theirs;
  }

  #onBrings(named: PeerHello, brings: Leadership): void {
    clearTimeout(this.#nameless);
    this.#up = true;
    this.#lastProblem = '';
    this.#backoff.reset();
    this.#patience.reset();
    this.#options.onUp(
      named.member,
      brings,
      named.liveness,
      this.#proven === undefined ? undefined : this.#keyOfAnswers,
    );
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

  #refuse(error: UnderstudyError): void {
    if (error.code === 'UNDERSTUDY_SETUP') this.#options.onMismatch(error);
    this.#drop(sentenceOf(error));
  }

  #drop(reason: string): void {
    const link = this.#link;
    this.#tell(reason);
    this.#lost();
    link?.cancel();
    this.#connectLater();
  }

  #lost(): void {
    clearTimeout(this.#nameless);
    this.#channel?.close();
    this.#channel = undefined;
    this.#link = undefined;
    if (!this.#up) return;
    this.#up = false;
    this.#options.onDown(this.#options.id);
  }

  #connectLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      if (typeof this.#options.credentials === 'function' || this.#client === undefined) this.#dialAnew();
      this.#connect();
    }, this.#backoff.next());
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
