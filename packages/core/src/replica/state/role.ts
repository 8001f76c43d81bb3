import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { CollectedFrame, NewTermFrame, PeerFrame, ReadRequest, StreamAsk } from '../../model/frames.js';
import type { LinkId, OrderNum, SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { NestedId } from '../../model/nested.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Outcome } from '../../model/outcome.js';
import type { Member } from '../../model/record.js';
import type { Work } from '../../scheduling/scheduler.js';
import type { EventOf, RoleName } from './events.js';
import type { Entry } from './message-order.js';
import type { Peer } from './peers.js';

/** Events that come from callers, or answer what only a primary asks its adapter for. */
/** What a replica has started: a call, which is ordered now and processed next, or something else. */
export type Started = Extract<Work, { kind: 'call' }> | { readonly kind: 'other' };

export type CallerEvent = EventOf<
  | 'rpcCall'
  | 'plainCall'
  | 'plainPart'
  | 'callGone'
  | 'admitted'
  | 'refused'
  | 'itemPassed'
  | 'streamEnded'
  | 'nestedReply'
>;

/**
 * Everything that a replica does otherwise in one role than in another. A role is an object that knows what only this
 * role knows: becoming another role makes another object, and drops this one. What is written here is what a replica does
 * that is still starting, or deposed: nothing.
 */
export abstract class Role {
  abstract readonly kind: RoleName;

  // ── time, and the end of a turn ──

  tick(): void {}
  flush(): void {}
  /** This process stood still for so long: nobody is to be taken for silent because of it. */
  forgiveStandstill(_gapMs: number): void {}
  /**
   * SIGTERM.
   *
   * @returns whether this replica may stop at once: nobody counts on it
   */
  stepDown(): boolean {
    return true;
  }

  // ── replicas ──

  peerUp(_peer: Peer, _member: Member): void {}
  /** A peer said which term it is in, and it is this replica's own. */
  newTermTold(_from: Member, _frame: NewTermFrame): void {}
  /**
   * @returns why this life is over, if the frame says so
   */
  peerFrame(_from: Member, _frame: Exclude<PeerFrame, NewTermFrame>): string | undefined {
    return undefined;
  }
  /** Bodies that a replica asked for as a backup are of no use to a primary: what it orders comes from whoever waits for it. */
  get takesBodies(): boolean {
    return true;
  }
  /** The in-sync set, or a change of it that is in flight, is other than before: these count, beside this replica. */
  setChanged(_members: readonly Member[]): void {}
  /** A change of the record is certain: it was this replica's own, or somebody else was first. */
  recordChanged(): void {}
  /** Which members clients are told of. */
  get inSync(): readonly Member[] | undefined {
    return undefined;
  }

  // ── sessions ──

  /** A session's link is new, and the session was welcomed on it. */
  sessionOpened(_connection: Connection, _link: LinkId, _isKnown: boolean): void {}
  /** This replica answers for the session again. */
  sessionRegistered(_connection: Connection): void {}
  /** Sessions came, went, or fell silent. */
  sessionsChanged(): void {}
  /** Nobody is at the other end of the connection any more, for the moment or for good. */
  sessionLost(_connection: Connection): void {}
  /** The session said goodbye. */
  sessionEnded(_connection: Connection): void {}
  /** No session speaks for the connection. */
  sessionMissing(_connection: Connection): void {}
  /** For how long the frames of sessions have been read; they wait while the primary's queue is full. */
  get readForMs(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** Replies of a link that is gone need not be released any more. */
  linkLost(_connection: Connection): void {}
  /** A connection of which nothing is known may be one whose records were freed and forgotten. */
  get forgetsConnections(): boolean {
    return false;
  }
  /** @returns whether the session may go on: it reflected only what this group's primaries ordered */
  reflected(_connection: Connection, _orders: readonly OrderInfo[]): boolean {
    return true;
  }
  streamsAsked(_connection: Connection, _asks: readonly StreamAsk[], _sent: readonly SeqNum[]): void {}
  collected(_connection: Connection, _peer: string, _frame: CollectedFrame): void {}
  /** A frame of a session was taken in. */
  sessionSpoke(): void {}

  // ── requests ──

  /** Whether the reply to a request that came as a frame goes by frame, though RPCs are the carrier. */
  get answersFrames(): boolean {
    return false;
  }
  /**
   * Whether the body of a message is kept that its client has seen answered. At the primary such a message has its order;
   * if it has not, the order was cut, and it gets no other.
   */
  get takesAnswered(): boolean {
    return true;
  }
  /** A body arrived that an ordered message lacked. Somebody may wait for that order to become stable. */
  heldMore(): void {}
  repliesSeen(_connection: Connection, _upTo: SeqNum): void {}
  /** The body of a message is here. @param isNew it was not before */
  requested(
    _connection: Connection,
    _message: Message,
    _request: Request,
    _isNew: boolean,
    _peer: string,
    _awaitStable: boolean,
  ): void {}
  /** Read-only calls of a session, which knows the term given. @returns whether the session may go on */
  read(_connection: Connection, _peer: string, _term: number, _reads: readonly ReadRequest[]): boolean {
    return true;
  }
  /** @returns false if this replica does not take calls */
  callerEvent(_event: CallerEvent): boolean {
    return false;
  }
  /** Callers that are refused are told who the primary is. */
  get namesPrimary(): boolean {
    return true;
  }

  // ── the order ──

  /** Whether the next ordered message may be processed. */
  mayProcess(): boolean {
    return false;
  }
  /** Starts the next piece of work that has no order. @returns undefined if there is none */
  startNext(): Started | undefined {
    return undefined;
  }
  /** The digest of one more order is known. */
  digestKnown(): void {}
  /** A message of a stream was processed. */
  partProcessed(_connection: Connection, _entry: Entry): void {}
  /** One more order was processed. */
  processed(): void {}
  /** The outcome for an idempotency key is kept. */
  keySettled(_key: string): void {}
  /** What a message came to is known. @param isWaitedFor its caller was not told when it was ordered */
  concluded(_connection: Connection, _message: Message, _orderNum: OrderNum, _told: Outcome): void {}
  /** A read was processed. */
  readDone(_work: Extract<Work, { kind: 'read' }>, _outcome: Outcome): void {}
  /**
   * The handler of an ordered message has run for longer than `stallMs`, and no order says that it is left behind.
   *
   * @returns whether this replica leaves it behind now
   */
  stalled(_entry: Entry, _forMs: number): boolean {
    return false;
  }
  /** What this replica computed is not what the primary did. */
  diverged(_orderNum: OrderNum): void {}
  nestedCalled(_id: NestedId): void {}

  // ── streams ──

  /** A credit was processed: whether this replica's handlers had sent what the primary's had. */
  get comparesItems(): boolean {
    return true;
  }
  streamDropped(_connection: Connection, _stream: Stream): void {}
  /** A handler sent an item. */
  itemSent(_connection: Connection, _stream: Stream): void {}
  /** A handler took messages, or a stream has its status: its client is told. */
  windowMoved(_connection: Connection, _stream: Stream): void {}
  /** A stream of a session whose link is new. */
  streamResumed(_connection: Connection, _stream: Stream): void {}

  // ── checkpoints and the log ──

  /** The log may go up to there, as far as this role is concerned. */
  logBound(upTo: OrderNum): OrderNum {
    return upTo;
  }
  /** Whether a base is as good as a newer one: services differed nowhere beyond it. */
  trusts(_base: Checkpoint): boolean {
    return true;
  }
  checkpointTaken(_checkpoint: Checkpoint): void {}
  /** Messages may exist that no log has yet, so whether there are streams is not known. */
  get mayHaveStreams(): boolean {
    return false;
  }

  // ── status ──

  get waitingToRelease(): number {
    return 0;
  }
  get blocked(): string | undefined {
    return undefined;
  }
  /** Announcements gather: a `flush` is due `batchMs` after they began to. */
  get gathers(): boolean {
    return false;
  }

  /** This role ends with this life of the replica: callers that still wait are told. */
  close(): void {}
}
