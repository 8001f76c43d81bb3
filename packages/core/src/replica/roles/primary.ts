/** The role of the replica that decides the order and answers calls. */

import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { Stream } from '../../connection/stream.js';
import type { NewTermFrame, PeerFrame, ReadRequest, StreamAsk } from '../../model/frames.js';
import { type LinkId, minOf, NO_SEQ, type OrderNum, type ReplicaId, type SeqNum } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { NestedId } from '../../model/nested.js';
import type { OrderInfo } from '../../model/order-info.js';
import { ACCEPTED, type Outcome, UNKNOWN_STREAM } from '../../model/outcome.js';
import type { Member } from '../../model/record.js';
import { startLearner } from '../checkpoint/checkpoints.js';
import { offerAgain } from '../checkpoint/sending.js';
import { onAdmitted, onRefused } from '../intake/admission.js';
import { boundItems } from '../intake/budgets.js';
import { failWaiters, onCallGone, onPlainCall, onRead, onRpcCall } from '../intake/calls.js';
import { onPlainPart } from '../intake/plain-streams.js';
import { checkSilent, dropWaiting, expireSession, resumeOutstanding, voidUnordered } from '../intake/resume.js';
import { admitNextPart, onRequested } from '../intake/schedule.js';
import { askSession } from '../intake/sessions.js';
import { expectLearners, onAck, onBusy, onJoin, onPieceAckFrom } from '../membership/backups.js';
import { removeByName } from '../membership/forgetting.js';
import { learnersOf, leavingFor, prepareHandOver, tryHandOver } from '../membership/hand-over.js';
import { hearPeers } from '../membership/liveness.js';
import { onNack } from '../membership/nacks.js';
import { primaryTick } from '../membership/primary-tick.js';
import { progress } from '../membership/progress.js';
import { setChanged } from '../membership/record-changes.js';
import { tellPeer } from '../membership/tell.js';
import { onNestedCall, onNestedReply } from '../nested/nested.js';
import { hasNestedStreams } from '../nested/resumed.js';
import { orderAbandon } from '../order/place.js';
import { readExecuted } from '../order/reads.js';
import { startNext } from '../order/turn.js';
import { resumePostponed } from '../release/bulk.js';
import { isOneWay } from '../release/demands.js';
import { flushPrimary } from '../release/fan-out.js';
import { giveReplies } from '../release/replies.js';
import { keptForBase, usableBase } from '../state/base.js';
import type { ReadTask } from '../state/events.js';
import type { Entry } from '../state/message-order.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import type { CallerEvent, Started } from '../state/role.js';
import { onItemPassed, onStreamEnded } from '../streams/intercepted.js';
import { onAsked } from '../streams/items.js';
import { giveItems, offerItems } from '../streams/offer.js';
import { voidEntering } from '../streams/voids.js';
import type { Duty, HeardPeer } from '../threads/duty.js';
import { PrimaryWithState } from './primary-with-state.js';

/** Passes each event of a primary to the module that handles it. */
export class Primary extends PrimaryWithState {
  readonly kind = 'primary';
  readonly p: PrimaryState;
  readonly #r: ReplicaState;

  constructor(p: PrimaryState) {
    super();
    this.p = p;
    this.#r = p.r;
  }

  // ── time, and the end of a turn ──

  override tick(): void {
    primaryTick(this.p);
  }

  override flush(): void {
    flushPrimary(this.p);
  }

  override stepDown(present: readonly ReplicaId[]): boolean {
    expectLearners(this.p, present);
    prepareHandOver(this.p);
    tryHandOver(this.p);
    return false;
  }

  // ── liveness ──

  override get duty(): Duty {
    return { kind: 'lead', term: this.#r.term };
  }

  override peersHeard(peers: readonly HeardPeer[]): void {
    if (hearPeers(this.#r, peers)) progress(this.p);
  }

  // ── replicas ──

  override peerUp(peer: Peer, member: Member): void {
    setChanged(this.#r);
    tellPeer(this.#r, member);
    if (peer.learner === 'waiting') startLearner(this.p, peer);
    else offerAgain(this.p, peer);
    this.#r.wantFlush();
  }

  override peerFrame(from: Member, frame: Exclude<PeerFrame, NewTermFrame>): string | undefined {
    switch (frame.kind) {
      case 'ack':
        onAck(this.p, from, frame);
        break;
      case 'nack':
        onNack(this.p, from, frame);
        break;
      case 'join':
        onJoin(this.p, frame);
        break;
      case 'pieceAck':
        onPieceAckFrom(this.p, from, frame);
        break;
      case 'busy':
        onBusy(this.p, from, frame);
        break;
      default:
    }
    return undefined;
  }

  override get takesBodies(): boolean {
    return false;
  }

  override setChanged(members: readonly Member[]): void {
    this.p.required = members;
    this.p.stability.require(members, this.#r.peers);
    this.p.release.changed();
  }

  override recordChanged(): void {
    progress(this.p);
  }

  override remove(id: ReplicaId): string | undefined {
    return removeByName(this.p, id);
  }

  override get knowsNewestRecord(): boolean {
    return this.p.holdsLease();
  }

  override get inSync(): readonly Member[] {
    return [this.#r.self, ...this.p.required];
  }

  // ── sessions ──

  override sessionOpened(connection: Connection, link: LinkId): void {
    // The client may have seen streams end whose last orders were cut since, so it is asked which streams it still has.
    if (connection.streams.size > 0) askSession(this.#r, link);
  }

  override sessionsChanged(): void {
    this.p.release.changed();
    this.#r.wantFlush();
  }

  override sessionLost(connection: Connection): void {
    voidUnordered(this.p, connection);
  }

  override forgetsBlank(connection: Connection): boolean {
    return connection.isBlank && connection.receivedUpTo === NO_SEQ;
  }

  override sessionEnded(connection: Connection): void {
    // A group that has opened streams may go on with them on another connection.
    if (/* rule nested-streams-outlive */ !hasNestedStreams(connection)) expireSession(this.p, connection);
  }

  override sessionMissing(connection: Connection): void {
    checkSilent(this.p, connection);
  }

  override linkLost(connection: Connection): void {
    dropWaiting(this.p, connection);
    resumePostponed(this.p, connection);
  }

  override linkDrained(connection: Connection): void {
    resumePostponed(this.p, connection);
  }

  override get forgetsConnections(): boolean {
    return true;
  }

  override get readForMs(): number {
    return this.p.sessionsPaused ? 0 : this.#r.nowMs - this.p.sessionsReadSinceMs;
  }

  override streamsAsked(connection: Connection, asks: readonly StreamAsk[], sent: readonly SeqNum[]): void {
    onAsked(this.p, connection, asks, sent);
  }

  override collected(connection: Connection, peer: string, _orders: readonly OrderInfo[]): void {
    resumeOutstanding(this.p, connection, peer);
  }

  // ── requests ──

  override get answersFrames(): boolean {
    return true;
  }

  override get takesAnswered(): boolean {
    return false;
  }

  override repliesSeen(connection: Connection, upTo: SeqNum): void {
    // A message that was answered has certainly arrived.
    connection.coverUpTo(upTo);
    resumePostponed(this.p, connection);
  }

  override requested(
    connection: Connection,
    message: Message,
    request: Request,
    isNew: boolean,
    peer: string,
    awaitStable: boolean,
  ): void {
    onRequested(this.p, connection, message, request, isNew, peer, awaitStable);
  }

  override read(from: Connection, peer: string, _term: number, reads: readonly ReadRequest[]): boolean {
    for (const { readId, request } of reads) onRead(this.p, from, readId, undefined, request, peer);
    return true;
  }

  override callerEvent(event: CallerEvent): boolean {
    const { p } = this;
    switch (event.kind) {
      case 'rpcCall': {
        const { call, request, peer } = event;
        onRpcCall(this.#r, event, (connection) => onRead(p, connection, 0, call, request, peer));
        break;
      }
      case 'plainCall':
        onPlainCall(p, event);
        break;
      case 'plainPart':
        onPlainPart(p, event.call, event.part);
        break;
      case 'callGone':
        onCallGone(p, event.call);
        break;
      case 'admitted':
        onAdmitted(p, event);
        break;
      case 'refused':
        onRefused(p, event);
        break;
      case 'itemPassed':
        onItemPassed(p, event);
        break;
      case 'streamEnded':
        onStreamEnded(p, event);
        break;
      case 'nestedReply':
        onNestedReply(p, event.to, event.outcome);
    }
    return true;
  }

  /** A primary that steps down knows of no other primary yet. */
  override get namesPrimary(): boolean {
    return false;
  }

  // ── the order ──

  override mayProcess(): boolean {
    return true;
  }

  override startNext(): Started | undefined {
    const started = startNext(this.p);
    if (started?.kind === 'call' && isOneWay(this.#r, started.request)) {
      giveReplies(this.p, started.connection, started.message, this.#r.order.last, ACCEPTED);
    }
    return started;
  }

  override partProcessed(connection: Connection, entry: Entry): void {
    if (this.#r.admits) admitNextPart(this.p, connection, entry);
  }

  override keySettled(key: string): void {
    this.p.keyedRunning.delete(key);
  }

  override processed(): void {
    // Orders that are due to be carried may have waited because they were not processed yet.
    if (this.#r.config.multicast === 'destination' && this.p.order.nullMessageDue) this.#r.wantFlush();
    this.p.scheduler.reconsider?.();
  }

  override kicked(): void {
    this.p.scheduler.reconsider?.();
  }

  override concluded(connection: Connection, message: Message, orderNum: OrderNum, told: Outcome): void {
    giveReplies(this.p, connection, message, orderNum, told);
    this.p.scheduler.reconsider?.();
  }

  override readExecuted(task: ReadTask, outcome: Outcome, atOnce: boolean): void {
    readExecuted(this.p, task, outcome, atOnce);
  }

  override stalled(entry: Entry): boolean {
    orderAbandon(this.p, entry);
    return true;
  }

  override diverged(orderNum: OrderNum, method: string): void {
    this.#r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, method });
  }

  override nestedCalled(id: NestedId): void {
    onNestedCall(this.p, id);
  }

  // ── streams ──

  override get comparesItems(): boolean {
    return false;
  }

  override streamDropped(connection: Connection, stream: Stream): void {
    const { p } = this;
    p.setAside.delete(stream);
    voidEntering(p, connection, stream, UNKNOWN_STREAM);
    if (this.#r.admits) {
      this.#r.effects.push({ kind: 'streamGone', connection: connection.id, stream: stream.id });
    }
    if (stream.delivery.call !== undefined) p.streamCalls.delete(stream.delivery.call);
  }

  override itemSent(connection: Connection, stream: Stream): void {
    boundItems(this.p, connection, stream);
    giveItems(this.p, connection, stream);
  }

  override windowMoved(connection: Connection, stream: Stream): void {
    offerItems(this.#r, connection, stream);
  }

  // ── checkpoints and the log ──

  override logBound(upTo: OrderNum): OrderNum {
    const { copyUnstable } = this.p;
    if (copyUnstable === undefined || usableBase(this.#r) !== undefined) return keptForBase(this.#r, upTo);
    return minOf(upTo, copyUnstable.head.orderNum);
  }

  // ── status ──

  override get waitingToRelease(): number {
    return this.p.waiting.length;
  }

  override get leaving(): string | undefined {
    const leaving = leavingFor(this.p);
    if (leaving !== undefined || !this.#r.lingers) return leaving;
    if (this.p.learners.size === 0) return 'told to stop, but goes on for a moment in case another replica is starting';
    return `told to stop, but goes on until ${learnersOf(this.p)} can take over: no other replica holds the group's state`;
  }

  override get gathers(): boolean {
    return this.p.batchSinceMs !== undefined;
  }

  override close(): void {
    failWaiters(this.p);
  }
}
