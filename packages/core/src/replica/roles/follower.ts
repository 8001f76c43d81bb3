/** The roles of replicas that follow a primary: a backup in the in-sync set, and a learner that joins it. */

import type { Connection } from '../../connection/connection.js';
import type { Checkpoint, CheckpointFrame } from '../../model/checkpoint.js';
import type { BackupReadsFrame, BusyFrame, NewTermFrame, PeerFrame, ReadRequest } from '../../model/frames.js';
import { maxOf, minOf, NO_ORDER, type OrderNum, type SeqNum } from '../../model/ids.js';
import type { NestedId } from '../../model/nested.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Outcome } from '../../model/outcome.js';
import type { Member } from '../../model/record.js';
import { adoptionPublished } from '../../record/transitions.js';
import { followAgain, install, onCheckpoint } from '../checkpoint/checkpoints.js';
import { Receiving } from '../checkpoint/receiving.js';
import { compareDigests, diverge, divergeIfStuck } from '../execute/divergence.js';
import { onOwnDigest, restoreInTurn, startDigest } from '../execute/states.js';
import { failCall } from '../intake/calls.js';
import { keepReadsOfTerm } from '../intake/sessions.js';
import {
  askForMissing,
  claimIfSilent,
  leaveInTime,
  onAnnounce,
  promise,
  readIfForgotten,
} from '../membership/backup.js';
import { askToJoin, whyNotJoined } from '../membership/joining.js';
import { noteNestedCall } from '../nested/nested.js';
import { backupReceivesReflected } from '../order/backup-receive.js';
import { BackupReads } from '../reads/backup-reads.js';
import { flushAck } from '../release/acknowledge.js';
import { echoHeartbeats } from '../release/session-frames.js';
import { keptForBase } from '../state/base.js';
import type { ReadTask } from '../state/events.js';
import type { FollowerState } from '../state/follower-state.js';
import type { Entry } from '../state/message-order.js';
import type { Peer } from '../state/peers.js';
import type { ReplicaState } from '../state/replica-state.js';
import { type CallerEvent, Role, type Started } from '../state/role.js';
import { type Duty, NO_DUTY } from '../threads/duty.js';

/** The common part of backups and learners: they take in the primary's announcements and acknowledge them. */
abstract class Follower extends Role {
  protected readonly r: ReplicaState;
  protected readonly receiving: Receiving;

  constructor(r: ReplicaState) {
    super();
    this.r = r;
    this.receiving = new Receiving(r);
  }

  /** The follower's state; undefined for a learner that has no checkpoint yet. */
  abstract readonly follower: FollowerState | undefined;

  override get duty(): Duty {
    if (this.follower === undefined || this.follower.withdrawn) return NO_DUTY;
    return { kind: 'follow', term: this.r.term };
  }

  override acknowledged(atMs: number): void {
    if (this.follower === undefined) return;
    this.follower.lastHeartbeatMs = maxOf(this.follower.lastHeartbeatMs, /* rule heard-by-thread */ atMs);
  }

  protected acknowledge(): void {
    this.follower?.acknowledge();
  }

  override flush(): void {
    echoHeartbeats(this.r);
    if (this.follower?.ackDue) flushAck(this.follower);
  }

  override forgiveStandstill(gapMs: number): void {
    const { follower, r } = this;
    if (follower === undefined) return;
    follower.lastHeartbeatMs = Math.min(follower.lastHeartbeatMs + gapMs, r.nowMs);
    follower.lastFrameMs = Math.min(follower.lastFrameMs + gapMs, r.nowMs);
  }

  override peerUp(_peer: Peer, member: Member): void {
    if (this.r.record?.primary.id !== member.id) return;
    /* rule answer-again */ this.receiving.answerAgain();
    if (this.follower === undefined) return;
    this.follower.forgetReports();
    this.follower.acknowledge();
  }

  override peerFrame(_from: Member, frame: Exclude<PeerFrame, NewTermFrame>): string | undefined {
    switch (frame.kind) {
      case 'announce':
        if (this.follower !== undefined) onAnnounce(this.follower, frame);
        return undefined;
      case 'checkpoint':
        return this.offered(frame);
      case 'piece': {
        const whole = this.receiving.onPiece(frame);
        if (whole !== undefined) this.takeCheckpoint(whole.checkpoint, whole.join);
        return undefined;
      }
      case 'busy':
        this.primaryBusy(frame);
        return undefined;
      default:
        return undefined;
    }
  }

  /** @returns the reason if the offered checkpoint ends this life of the replica */
  protected offered(frame: CheckpointFrame): string | undefined {
    const { orderNum } = frame.head;
    const isNewer = this.r.checkpoint === undefined || orderNum > this.r.checkpoint.orderNum;
    if (!frame.join && this.follower !== undefined && isNewer) this.receiving.offered(frame);
    else this.receiving.declined(frame);
    return undefined;
  }

  protected takeCheckpoint(checkpoint: Checkpoint, _join: boolean): void {
    if (this.follower !== undefined) onCheckpoint(this.follower, checkpoint);
  }

  private primaryBusy({ forMs }: BusyFrame): void {
    const { follower, r } = this;
    if (follower === undefined) return;
    follower.lastHeartbeatMs = r.nowMs;
    follower.excusedUntilMs = forMs === 0 ? Number.NEGATIVE_INFINITY : r.nowMs + Math.min(forMs, r.config.copyMs);
  }

  override sessionsChanged(): void {
    this.acknowledge();
  }

  override reflected(orders: readonly OrderInfo[]): void {
    if (this.follower !== undefined) backupReceivesReflected(this.follower, orders);
  }

  override read(connection: Connection, peer: string, term: number, reads: readonly ReadRequest[]): boolean {
    return keepReadsOfTerm(this.r, term, connection, peer, reads);
  }

  /** Only the primary decides about messages without an order, and it has every message that it will order. */
  override forgetsBlank(connection: Connection): boolean {
    connection.forgetUnordered(Number.POSITIVE_INFINITY as SeqNum);
    return connection.isBlank;
  }

  override get dropsBodies(): boolean {
    return true;
  }

  override heldMore(): void {
    this.acknowledge();
  }

  /**
   * Nothing is processed before the adoption is published: a body that arrives after a backup's promise may complete an
   * order that the promotion cuts.
   */
  override mayProcess(): boolean {
    const { record, order } = this.r;
    if (record === undefined || !this.mayExecute) return false;
    if (/* rule adoption-known-first */ !adoptionPublished(record)) return false;
    return /* rule completed-first */ order.processedUpTo < (this.follower?.completedUpTo ?? NO_ORDER);
  }

  override get mayExecute(): boolean {
    return this.follower !== undefined && this.r.executesNext;
  }

  override get verifiesRestore(): boolean {
    return true;
  }

  override get statesEqualUpTo(): OrderNum {
    return this.follower?.states.equalUpTo ?? NO_ORDER;
  }

  override digestKnown(): void {
    if (this.follower !== undefined) compareDigests(this.follower);
  }

  override processed(): void {
    this.acknowledge();
  }

  override stalled(entry: Entry, forMs: number): boolean {
    if (this.follower !== undefined) divergeIfStuck(this.follower, entry, forMs);
    return false;
  }

  override diverged(orderNum: OrderNum, method: string): void {
    if (this.follower !== undefined) diverge(this.follower, orderNum, { method });
  }

  override nestedCalled(id: NestedId): void {
    noteNestedCall(this.r, id);
  }

  /** In a passive group the log is kept from the checkpoint on, because a successor replays it. */
  override logBound(upTo: OrderNum): OrderNum {
    if (!this.r.followsByCopy && !this.r.stateBehind) return keptForBase(this.r, upTo);
    return minOf(upTo, this.r.checkpoint?.orderNum ?? NO_ORDER);
  }
}

/** A replica in the in-sync set, beside the primary. */
export class Backup extends Follower {
  readonly kind = 'backup';
  readonly follower: FollowerState;
  readonly #reads: BackupReads;

  constructor(follower: FollowerState) {
    super(follower.r);
    this.follower = follower;
    this.#reads = new BackupReads(follower, (call, reason) => failCall(this.r, call, 'UNDERSTUDY_NOT_PRIMARY', reason));
  }

  override flush(): void {
    this.#reads.flush();
    super.flush();
  }

  override backupReads(connection: Connection, peer: string, frame: BackupReadsFrame): boolean {
    this.#reads.on(connection, peer, frame);
    return true;
  }

  override callerEvent(event: CallerEvent): boolean {
    if (event.kind === 'admitted') this.#reads.admitted(event.admission);
    else if (event.kind === 'refused') this.#reads.refused(event.admission, event.outcome);
    else if (event.kind === 'callGone') this.#reads.callGone(event.call);
    else if (event.kind === 'plainCall' && event.readOnly) this.#reads.onPlain(event);
    else return false;
    return true;
  }

  override get degraded(): string | undefined {
    const { differsAt } = this.follower.states;
    if (differsAt !== undefined) {
      return `its state differs from the primary's after order ${differsAt}; a failover to it would serve what differs`;
    }
    return this.r.states.differ
      ? "restore() has changed its state, so it is not compared with the primary's"
      : undefined;
  }

  override linkDrained(): void {
    this.#reads.linkDrained();
  }

  override startNext(): Started | undefined {
    return this.#reads.startNext();
  }

  override close(): void {
    this.#reads.close();
  }

  override readExecuted(task: ReadTask, outcome: Outcome, atOnce: boolean): void {
    this.#reads.executed(task, outcome, atOnce);
  }

  override startDigest(): boolean {
    return startDigest(this.follower);
  }

  override stateDigested(orderNum: OrderNum, digest: string | undefined): void {
    onOwnDigest(this.follower, orderNum, digest);
  }

  override tick(): void {
    this.#reads.tick();
    leaveInTime(this.follower);
    restoreInTurn(this.follower);
    claimIfSilent(this.follower);
    readIfForgotten(this.follower);
    /* rule ask-for-missing */ askForMissing(this.follower);
  }

  override delegated(): void {
    if (this.follower.withdrawn) claimIfSilent(this.follower);
  }

  /** A backup stays until the record no longer names it. */
  override stepDown(): boolean {
    this.acknowledge();
    return false;
  }

  override newTermTold(from: Member, frame: NewTermFrame): void {
    this.follower.heard();
    if (frame.collect) promise(this.follower, from, frame);
  }
}

/** A replica outside the in-sync set that catches up. */
export class Joining extends Follower {
  readonly kind = 'joining';
  follower: FollowerState | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** Why the primary has no checkpoint for this replica. */
  #noCopy: string | undefined;

  override tick(): void {
    if (this.follower !== undefined) {
      leaveInTime(this.follower);
      askForMissing(this.follower);
    }
    if (askToJoin(this.r, this.follower, this.#askedMs)) this.#askedMs = this.r.nowMs;
  }

  override peerFrame(from: Member, frame: Exclude<PeerFrame, NewTermFrame>): string | undefined {
    if (frame.kind !== 'noCheckpoint') return super.peerFrame(from, frame);
    if (frame.reason !== this.#noCopy) {
      this.r.log('error', 'the primary does not take this replica in', { reason: frame.reason });
    }
    this.#noCopy = frame.reason;
    return undefined;
  }

  override get blocked(): string {
    return whyNotJoined(this.r, this.follower !== undefined, this.receiving.isOnItsWay, this.#noCopy);
  }

  override flush(): void {
    super.flush();
    if (this.r.steppingDown !== undefined) this.r.effects.push({ kind: 'stopped', handedOverTo: undefined });
  }

  /** A learner tells the primary first, since it may be about to enter the set. */
  override stepDown(): boolean {
    this.acknowledge();
    return this.follower === undefined;
  }

  override peerUp(peer: Peer, member: Member): void {
    super.peerUp(peer, member);
    this.#askedMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * A learner may be given a second checkpoint that covers more than it holds. It is not in sync, and that checkpoint
   * is stable, so the replica can begin a new life without loss.
   */
  protected override offered(frame: CheckpointFrame): string | undefined {
    if (!frame.join) return super.offered(frame);
    this.#noCopy = undefined;
    if (this.follower === undefined) {
      this.receiving.offered(frame);
      return undefined;
    }
    if (frame.head.orderNum > this.r.order.heldUpTo) return 'the primary had given this replica up, and went on';
    this.receiving.declined(frame);
    followAgain(this.follower);
    return undefined;
  }

  protected override takeCheckpoint(checkpoint: Checkpoint, join: boolean): void {
    if (!join) super.takeCheckpoint(checkpoint, join);
    else if (this.follower === undefined) this.follower = install(this.r, checkpoint);
  }

  override get mayHaveStreams(): boolean {
    return true;
  }
}
