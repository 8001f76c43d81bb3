/** The questions and events that a role answers in its own way; by default, as a starting or deposed replica does. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { BackupReadsFrame, NewTermFrame, PeerFrame, ReadRequest, StreamAsk } from '../../model/frames.js';
import { type LinkId, NO_ORDER, type OrderNum, type ReplicaId, type SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { NestedId } from '../../model/nested.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Outcome } from '../../model/outcome.js';
import type { Member } from '../../model/record.js';
import type { Work } from '../../scheduling/scheduler.js';
import { type Duty, type HeardPeer, NO_DUTY } from '../threads/duty.js';
import type { EventOf, ReadTask, RoleName } from './events.js';
import type { Entry } from './message-order.js';
import type { Peer } from './peers.js';

/** The work that a replica has started: a call, which is ordered now and processed next, or other work. */
export type Started = Extract<Work, { kind: 'call' }> | { readonly kind: 'other' };

/** Events that callers cause, and answers to effects that only a primary emits. */
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
 * Everything that differs from role to role. A role is an object that holds the state of this role alone: becoming
 * another role makes another object and drops this one. The methods here do nothing, which is right for a starting or
 * deposed replica.
 */
export abstract class Role {
  abstract readonly kind: RoleName;

  // ── time, and the end of a turn ──

  tick(): void {}
  flush(): void {}
  /** This process stood still for `gapMs`, so no peer or session may be taken for silent because of that time. */
  forgiveStandstill(_gapMs: number): void {}
  /**
   * The process received SIGTERM.
   *
   * @returns whether this replica may stop at once, because no other replica counts on it
   */
  stepDown(_present: readonly ReplicaId[]): boolean {
    return true;
  }

  // ── liveness ──

  /** The present duty of the liveness thread. */
  get duty(): Duty {
    return NO_DUTY;
  }
  /** The liveness thread acknowledged heartbeats for this replica until `atMs`. */
  acknowledged(_atMs: number): void {}
  /** The liveness threads of peers answered this primary's. */
  peersHeard(_peers: readonly HeardPeer[]): void {}
  /** The liveness thread has ended its former duty. */
  delegated(): void {}

  // ── replicas ──

  peerUp(_peer: Peer, _member: Member): void {}
  /** The primary of this replica's own term announced that term. */
  newTermTold(_from: Member, _frame: NewTermFrame): void {}
  /** @returns the reason if the frame ends this life of the replica */
  peerFrame(_from: Member, _frame: Exclude<PeerFrame, NewTermFrame>): string | undefined {
    return undefined;
  }
  /**
   * Whether bodies sent by peers are taken. A primary does not need them: they answer a request it made as a backup,
   * and every caller that still waits sends its message again.
   */
  get takesBodies(): boolean {
    return true;
  }
  /** The in-sync set, or a change of it in flight, is different now: these members count, besides this replica. */
  setChanged(_members: readonly Member[]): void {}
  /** The outcome of a change of the record is certain: this replica's change won, or another one came first. */
  recordChanged(): void {}
  /** Whether this replica certainly knows the newest record, because no other replica can have changed it since. */
  get knowsNewestRecord(): boolean {
    return false;
  }
  /**
   * An operator removes a replica from the record.
   *
   * @returns why that is not possible, in a sentence; undefined if it is under way
   */
  remove(_id: ReplicaId): string | undefined {
    return 'only the primary can remove a replica, and this one is not primary';
  }
  /** The members that clients are told; undefined for those of the record. */
  get inSync(): readonly Member[] | undefined {
    return undefined;
  }

  // ── sessions ──

  /** The link of a session has passed on a large reply. */
  linkDrained(_connection: Connection): void {}

  /**
   * A session was welcomed on a new link. `isKnown`: this replica knew its connection before, or the session is not
   * new.
   */
  sessionOpened(_connection: Connection, _link: LinkId, _isKnown: boolean): void {}
  /** This replica answers for the session again. */
  sessionRegistered(_connection: Connection): void {}
  /** Sessions came, went or fell silent. */
  sessionsChanged(): void {}
  /** The session lost its link or ended, so its client can no longer be reached. */
  sessionLost(_connection: Connection): void {}
  /** The session said goodbye. */
  sessionEnded(_connection: Connection): void {}
  /** At a tick: the connection has no session. */
  sessionMissing(_connection: Connection): void {}
  /**
   * For how many milliseconds the frames of sessions have been read. They are not read while the primary's queue is
   * full.
   */
  get readForMs(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** A session's link is gone, so replies that wait to leave on it can be dropped. */
  linkLost(_connection: Connection): void {}
  /** Whether an unknown connection may be one whose records were freed and forgotten. */
  get forgetsConnections(): boolean {
    return false;
  }
  /** @returns whether the session may go on; false if it reflected an order that no primary of this group gave */
  reflected(_orders: readonly OrderInfo[]): void {}
  streamsAsked(_connection: Connection, _asks: readonly StreamAsk[], _sent: readonly SeqNum[]): void {}
  collected(_connection: Connection, _peer: string, _orders: readonly OrderInfo[]): void {}
  /** A frame of a session was handled. */
  sessionSpoke(): void {}

  // ── requests ──

  /** With RPCs as the carrier: whether the reply to a request that came as a frame goes back as a frame. */
  get answersFrames(): boolean {
    return false;
  }
  /**
   * Whether to keep the body of a message that its client has already seen answered. At the primary such a message has
   * its order already; if it has none, the order was cut, and the message must not get another.
   */
  get takesAnswered(): boolean {
    return true;
  }
  /** A session ended. @returns whether its connection is forgotten at once, because no order ever named it */
  forgetsBlank(_connection: Connection): boolean {
    return false;
  }
  /** Whether bodies of clients that are over a budget need not be kept, because the primary has them too. */
  get dropsBodies(): boolean {
    return false;
  }
  /** The missing body of an ordered message arrived. A caller may be waiting for that order to become stable. */
  heldMore(): void {}
  repliesSeen(_connection: Connection, _upTo: SeqNum): void {}
  /** A session sent a message. @param isNew whether the body was not here before */
  requested(
    _connection: Connection,
    _message: Message,
    _request: Request,
    _isNew: boolean,
    _peer: string,
    _awaitStable: boolean,
  ): void {}
  /** A session that knows the term `_term` sent reads. @returns whether the session may go on */
  read(_connection: Connection, _peer: string, _term: number, _reads: readonly ReadRequest[]): boolean {
    return true;
  }
  /** A session sent reads for a backup. @returns false if this replica answers none of them */
  backupReads(_connection: Connection, _peer: string, _frame: BackupReadsFrame): boolean {
    return false;
  }
  /** @returns false if this replica does not take calls */
  callerEvent(_event: CallerEvent): boolean {
    return false;
  }
  /** Whether refused callers are told which replica is the primary. */
  get namesPrimary(): boolean {
    return true;
  }

  // ── the order ──

  /** Whether the next ordered message may be processed. */
  mayProcess(): boolean {
    return false;
  }
  /** Whether the next messages may be executed, which needs the user's state. */
  get mayExecute(): boolean {
    return false;
  }
  /** Whether the next ordered message must wait, although it may be processed. */
  holdsBack(_entry: Entry): boolean {
    return false;
  }
  /** While the next message waits: takes a checkpoint if one is due. @returns whether it does */
  startCopy(): boolean {
    return false;
  }
  /** Takes a digest of the user's state before the next message, if one is due. @returns whether it does */
  startDigest(): boolean {
    return false;
  }
  /** The digest that was asked for; undefined if the state could not be copied. */
  stateDigested(_orderNum: OrderNum, _digest: string | undefined, _tookMs: number): void {}
  /** Whether a restored state is copied and compared with the copy that it came from. */
  get verifiesRestore(): boolean {
    return false;
  }
  /** Starts the next piece of work that has no order. @returns undefined if there is none */
  startNext(): Started | undefined {
    return undefined;
  }
  /** This replica's digest after one more order is known. */
  digestKnown(): void {}
  /** A message of a stream was processed. */
  partProcessed(_connection: Connection, _entry: Entry): void {}
  /** One more order was processed. */
  processed(): void {}
  /** The application may admit other calls now. */
  kicked(): void {}
  /** The outcome of the call with this idempotency key is in the reply cache. */
  keySettled(_key: string): void {}
  /** The outcome of a message is known, and its caller still waits for it. */
  concluded(_connection: Connection, _message: Message, _orderNum: OrderNum, _told: Outcome): void {}
  /** A call has its outcome, or its handler waits. */
  called(_connection: Connection, _message: Message): void {}
  /** A read was processed. */
  readExecuted(_task: ReadTask, _outcome: Outcome, _atOnce: boolean): void {}
  /**
   * The handler of an ordered message has run longer than `stallMs`, and no order abandons it.
   *
   * @returns whether this replica abandons it now
   */
  stalled(_entry: Entry, _forMs: number): boolean {
    return false;
  }
  /** This replica's handler of a method sent something else on a stream than the primary's handler did. */
  diverged(_orderNum: OrderNum, _method: string): void {}
  nestedCalled(_id: NestedId): void {}

  // ── timers ──

  /** A timer was armed. */
  timersChanged(): void {}
  /** A repeating timer was processed. */
  everyFired(_name: string): void {}
  /** A timer may be due. */
  wake(): void {}

  // ── streams ──

  /** Whether this replica compares the items its handlers sent with the primary's when a credit is processed. */
  get comparesItems(): boolean {
    return true;
  }
  streamDropped(_connection: Connection, _stream: Stream): void {}
  /** A handler sent an item. */
  itemSent(_connection: Connection, _stream: Stream): void {}
  /** A handler took messages, or a stream has its status. The stream's client must be told. */
  windowMoved(_connection: Connection, _stream: Stream): void {}

  // ── checkpoints and the log ──

  /** The order up to which this role lets the log be dropped; `upTo` at most. */
  logBound(upTo: OrderNum): OrderNum {
    return upTo;
  }
  /** Whether replicas may still join from this base. They may not if a backup's results differed after it. */
  trusts(_base: Checkpoint): boolean {
    return true;
  }
  checkpointTaken(_copy: number, _checkpoint: Checkpoint, _more: boolean): void {}
  /** Whether this role needs the chunks of a copy that are still to be drawn. */
  draws(_copy: number): boolean {
    return false;
  }
  stateDrawn(_copy: number, _state: readonly Uint8Array[], _more: boolean): void {}
  checkpointFailed(_copy: number, _reason: string): void {}
  /** Whether messages that this replica has not heard of may have opened streams. */
  get mayHaveStreams(): boolean {
    return false;
  }

  // ── status ──

  get statesEqualUpTo(): OrderNum {
    return NO_ORDER;
  }
  get waitingToRelease(): number {
    return 0;
  }
  get blocked(): string | undefined {
    return undefined;
  }
  get degraded(): string | undefined {
    return undefined;
  }
  get leaving(): string | undefined {
    return undefined;
  }
  /** Whether announcements are gathering. A `flush` is then due `batchMs` after the first of them. */
  get gathers(): boolean {
    return false;
  }

  /** This role ends: callers that still wait are refused. */
  close(): void {}
}
