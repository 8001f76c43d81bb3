/** The links on which other replicas send to this one. */
import {
  type GroupRecord,
  type Leadership,
  type Logger,
  type Member,
  type ReplicaId,
  UnderstudyError,
} from '@understudy/core';
import { type JoinFrame, type PeerFrame, parseRecord, sameMember } from '@understudy/core/internal';
import { frameMethod, LINK_PATH, sentenceOf } from '@understudy/grpc-common';
import {
  decodePeerFrame,
  decodePeerHello,
  encodePeerBrings,
  encodePeerHello,
  isPeerChallenge,
  isPeerHello,
  type PeerHello,
} from '@understudy/wire';
import { setupError } from '../checks/setup-error.js';
import { AcceptingProof, checkSame } from '../identity/link-proof.js';
import type { PeerTrust } from '../identity/peer-trust.js';
import type { LifeLiveness } from '../liveness/life-liveness.js';
import type { EventLoop } from '../loop/event-loop.js';
import { type AcceptedLink, refuseLink, widenWindow } from './accepted-link.js';
import { FrameChannel } from './frame-channel.js';
import { watchMessages } from './message-watch.js';
import { NamelessLinks } from './nameless-links.js';
import { malformed, mismatch } from './peer-hello.js';
import { Refusals } from './refusals.js';

/** understudy.v1.Replication: the dialling replica sends frames; the dialled one answers with its hello and listens. */
export const replicationService = { link: frameMethod(LINK_PATH) } as const;

/** The most that may wait on these links, on which this replica sends only its proof, its hello and what it brings. */
const QUEUED_MAX_BYTES = 64 * 1024;
/** How often this replica looks for links whose secret is no longer valid. */
const RECHECK_MS = 5_000;

export interface IncomingPeerLinksOptions {
  readonly loop: EventLoop;
  readonly hello: PeerHello;
  /** What this replica brings along as primary. */
  readonly brings: Leadership;
  readonly trust: PeerTrust;
  /** Undefined: heartbeats are left to the main thread. */
  readonly liveness?: LifeLiveness | undefined;
  readonly logger: Logger;
  /** Called when a replica has dialled this one, which shows that it runs. */
  readonly onNamed: (peer: ReplicaId) => void;
  /**
   * Asks whether the coordinator has a record that a peer told of; undefined if the record is not newer than the known
   * one. Until the answer comes, nothing that follows on the link is handled.
   */
  readonly confirm: (record: GroupRecord) => Promise<boolean> | undefined;
}

/** A link whose replica has proved its name. */
interface Named {
  readonly link: AcceptedLink;
  readonly channel: FrameChannel;
  /** The secret that it knows, if the group has one. */
  readonly secret: Buffer | undefined;
  /** A key of this link that nobody else knows, if the group has a secret. */
  readonly linkKey: Buffer | undefined;
  /** Frames that came while the coordinator is asked about a record that this replica told of. */
  held: PeerFrame[] | undefined;
}

/** Accepts the links on which other replicas send to this one, in one of its lives. */
export class IncomingPeerLinks {
  readonly #options: IncomingPeerLinksOptions;
  readonly #refusals: Refusals;
  readonly #nameless = new NamelessLinks();
  /** The newest link of each replica. A replica that dials again has given up its older link. */
  readonly #links = new Map<ReplicaId, Named>();
  readonly #recheck: NodeJS.Timeout | undefined;

  constructor(options: IncomingPeerLinksOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.logger);
    if (options.trust.secret !== undefined) this.#recheck = setInterval(() => this.#dropStale(), RECHECK_MS).unref();
  }

  accept(link: AcceptedLink): void {
    const { trust, hello } = this.#options;
    link.on('error', () => {});
    const problem = trust.refusesStranger(link);
    if (problem !== undefined) {
      this.#refuse(link, setupError(problem));
      return;
    }
    const proof = trust.secret && new AcceptingProof(trust.secret, hello.group, hello.member);
    let [stage, proven, secret]: [ProofStage, Member | undefined, Buffer | undefined] = ['hello', undefined, undefined];
    if (proof !== undefined) stage = 'challenge';
    let linkKey: Buffer | undefined;
    let theirs: PeerHello | undefined;
    let named: Named | undefined;
    const channel = new FrameChannel({
      link,
      queuedMaxBytes: QUEUED_MAX_BYTES,
      stranger: true,
      onFrame: (bytes) => {
        if (theirs !== undefined && named !== undefined) {
          this.#onFrame(named, theirs, bytes);
          return;
        }
        if (proof === undefined && isPeerChallenge(bytes)) throw setupError(ONLY_THEY);
        if (stage === 'challenge' && isPeerHello(bytes)) throw setupError(ONLY_WE);
        if (proof === undefined || stage === 'hello') {
          theirs = this.#checked(link, decodePeerHello(bytes), proven);
          named = { link, channel, secret, linkKey, held: undefined };
          this.#onHello(named, theirs);
        } else if (stage === 'challenge') {
          channel.send(proof.onChallenge(bytes));
          stage = 'proof';
        } else {
          const done = proof.onProof(bytes);
          channel.send(done.proof);
          channel.sealOutgoing(done.keys.toDialler);
          channel.checkIncoming(done.keys.toDialled);
          linkKey = done.keys.toDialler;
          [stage, proven, secret] = ['hello', done.member, done.secret];
        }
      },
      onRefused: (error) => {
        this.#forget(link, channel);
        this.#refuse(link, error, theirs?.member);
      },
      onSilent: () => {},
    });
    widenWindow(link);
    watchMessages(link, (reason) => {
      this.#forget(link, channel);
      this.#refuse(link, malformed(reason), theirs?.member);
    });
    this.#nameless.add(link, (reason) => {
      this.#refusals.log('warn', 'a link of a replica was refused', { peer: link.getPeer(), reason });
      channel.close();
      refuseLink(link, 'UNDERSTUDY_OVERLOADED', reason);
    });
    link.on('cancelled', () => this.#forget(link, channel));
    link.on('end', () => {
      this.#forget(link, channel);
      link.end();
    });
  }

  closeAll(): void {
    clearInterval(this.#recheck);
    for (const { link, channel } of this.#links.values()) {
      channel.close();
      link.end();
    }
    this.#links.clear();
    this.#nameless.closeAll();
  }

  /**
   * @throws UNDERSTUDY_SETUP if the two replicas may not talk, or if the hello names another replica than the one that
   *   proved itself
   */
  #checked(link: AcceptedLink, theirs: PeerHello, proven: Member | undefined): PeerHello {
    const { trust, hello } = this.#options;
    if (proven !== undefined) checkSame(proven, theirs.member);
    const problem = trust.refusesReplica(link, theirs.member.id) ?? mismatch(hello, theirs);
    if (problem !== undefined) throw setupError(problem);
    return theirs;
  }

  #onHello(named: Named, theirs: PeerHello): void {
    this.#nameless.delete(named.link);
    const older = this.#links.get(theirs.member.id);
    this.#links.set(theirs.member.id, named);
    older?.channel.close();
    older?.link.end();
    named.channel.trust();
    const { hello, brings, liveness, onNamed } = this.#options;
    const door = liveness?.admit(theirs.member, named.linkKey);
    named.channel.send(encodePeerHello({ ...hello, ...(door !== undefined && { liveness: door }) }));
    named.channel.send(encodePeerBrings(brings));
    onNamed(theirs.member.id);
  }

  #onFrame(named: Named, theirs: PeerHello, bytes: Uint8Array): void {
    const frame = decodePeerFrame(bytes);
    if (frame.kind === 'join') checkJoin(theirs, frame);
    if (frame.kind === 'newTerm') checkRecord(frame.record, this.#options.hello.group);
    this.#take(named, theirs, frame);
  }

  #take(named: Named, theirs: PeerHello, frame: PeerFrame): void {
    if (named.held === undefined) this.#handle(named, theirs, frame);
    else named.held.push(frame);
  }

  #handle(named: Named, theirs: PeerHello, frame: PeerFrame): void {
    const { loop, confirm } = this.#options;
    const doubt = frame.kind === 'newTerm' ? confirm(frame.record) : undefined;
    if (doubt === undefined) {
      loop.dispatch({ kind: 'peerFrame', from: theirs.member, frame });
      return;
    }
    named.held = [];
    named.link.pause();
    void doubt.then((isTrue) => {
      if (this.#links.get(theirs.member.id) !== named) return;
      const held = named.held ?? [];
      named.held = undefined;
      if (!isTrue) {
        this.#forget(named.link, named.channel);
        this.#refuse(named.link, malformed('a record that the coordinator never had'), theirs.member);
        return;
      }
      loop.dispatch({ kind: 'peerFrame', from: theirs.member, frame });
      named.link.resume();
      // One of the held frames may tell of another record, and the rest then wait again.
      for (const next of held) this.#take(named, theirs, next);
    });
  }

  #refuse(link: AcceptedLink, error: UnderstudyError, member?: Member): void {
    const level = error.code === 'UNDERSTUDY_SETUP' ? 'error' : 'warn';
    const fields = { peer: member?.id ?? link.getPeer(), code: error.code, reason: sentenceOf(error) };
    this.#refusals.log(level, 'a link of a replica was refused', fields);
    refuseLink(link, error.code, sentenceOf(error));
  }

  /** Ends the links of replicas that know only a withdrawn secret. Replicas that know the new one dial again. */
  #dropStale(): void {
    const { trust, logger } = this.#options;
    let valid: readonly Buffer[];
    try {
      valid = trust.secret?.read() ?? [];
    } catch (error) {
      this.#refusals.log('error', 'UNDERSTUDY_SETUP', { reason: (error as Error).message });
      return;
    }
    for (const [id, { link, channel, secret }] of this.#links) {
      if (secret === undefined || valid.some((each) => each.equals(secret))) continue;
      logger.log('info', "a peer's link ends, because its secret does not hold any more", { peer: id });
      this.#forget(link, channel);
      this.#options.liveness?.expel(id);
      refuseLink(link, 'UNDERSTUDY_UNREACHABLE', 'the secret of this link does not hold any more; dial again');
    }
  }

  #forget(link: AcceptedLink, channel: FrameChannel): void {
    channel.close();
    this.#nameless.delete(link);
    for (const [id, known] of this.#links) if (known.link === link) this.#links.delete(id);
  }
}

const ONLY_THEY = 'the replica that dials has a groupSecret and the other has none; give all replicas the same';
const ONLY_WE = 'the replica that dials has no groupSecret and the other has one; give all replicas the same';

type ProofStage = 'challenge' | 'proof' | 'hello';

/** No coordinator would keep an unsound record, so no honest replica tells of one. */
function checkRecord(record: GroupRecord, group: string): void {
  try {
    parseRecord(record, group);
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    throw malformed(sentenceOf(error));
  }
}

/**
 * A replica joins for itself alone, and at the addresses of its hello, so that it cannot make the group dial others.
 */
function checkJoin(theirs: PeerHello, join: JoinFrame): void {
  if (!sameMember(join.member, theirs.member)) throw malformed('a replica asks to join as another');
  if (join.address !== theirs.address || join.peerAddress !== theirs.peerAddress) {
    throw malformed('a replica asks to join at another address than it has said');
  }
}
