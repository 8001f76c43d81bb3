/** The role of a replica that was designated and finds out what there is to adopt. */

import type { Connection } from '../../connection/connection.js';
import type { NewTermFrame, PeerFrame, ReadRequest } from '../../model/frames.js';
import { type LinkId, minOf, NO_ORDER, type OrderNum } from '../../model/ids.js';
import type { NestedId } from '../../model/nested.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { Member } from '../../model/record.js';
import { onAdmitted, onRefused } from '../intake/admission.js';
import { failCall, onCallGone, onRpcCall, refuseCall } from '../intake/calls.js';
import { askSession, keepReads } from '../intake/sessions.js';
import { noteBusy } from '../membership/backups.js';
import { hearPeers } from '../membership/liveness.js';
import { onPromise, promotingTick, tryAdopt } from '../membership/promoting.js';
import { holdBackAdopted, onEarlyAck, tellNext } from '../membership/recovering.js';
import { askPeer } from '../membership/tell.js';
import { noteNestedCall } from '../nested/nested.js';
import { echoHeartbeats } from '../release/session-frames.js';
import { keptForBase } from '../state/base.js';
import type { Entry } from '../state/message-order.js';
import type { Peer } from '../state/peers.js';
import type { PromotionState } from '../state/promotion-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { type CallerEvent, Role } from '../state/role.js';
import type { Duty, HeardPeer } from '../threads/duty.js';

/**
 * Passes each event of a promotion to the module that handles it. Calls that reach this replica wait until it serves.
 */
export class Promoting extends Role {
  readonly kind = 'promoting';
  readonly m: PromotionState;
  readonly #r: ReplicaState;

  constructor(m: PromotionState) {
    super();
    this.m = m;
    this.#r = m.r;
  }

  override get duty(): Duty {
    return { kind: 'lead', term: this.#r.term };
  }

  override tick(): void {
    promotingTick(this.m);
  }

  override flush(): void {
    echoHeartbeats(this.#r);
    tellNext(this.m);
  }

  override stepDown(): boolean {
    return false;
  }

  override forgiveStandstill(gapMs: number): void {
    this.m.collection.forgive(gapMs);
  }

  override peerUp(_peer: Peer, member: Member): void {
    if (this.m.collection.waitingPeers.has(member.id)) askPeer(this.#r, member);
  }

  override peerFrame(from: Member, frame: Exclude<PeerFrame, NewTermFrame>): string | undefined {
    if (frame.kind === 'promise') onPromise(this.m, from, frame);
    if (frame.kind === 'busy') noteBusy(this.#r, from, frame);
    if (frame.kind === 'ack' && this.m.collection.stage === 'recovering') onEarlyAck(this.m, from, frame);
    return undefined;
  }

  override peersHeard(peers: readonly HeardPeer[]): void {
    hearPeers(this.#r, peers);
  }

  override recordChanged(): void {
    // Another change of the record came first, so how far to adopt is decided again.
    if (this.m.collection.stage === 'publishing') this.m.collection.stage = 'collecting';
  }

  override sessionOpened({ id }: Connection, link: LinkId, isKnown: boolean): void {
    if (isKnown) this.m.collection.sessionIsBack(id, this.#r.nowMs);
    askSession(this.#r, link);
  }

  override sessionRegistered({ id }: Connection): void {
    this.m.collection.sessionIsBack(id, this.#r.nowMs);
  }

  override collected({ id }: Connection, _peer: string, orders: readonly OrderInfo[]): void {
    this.m.collection.sessionAnswered(id, orders);
  }

  override sessionSpoke(): void {
    tryAdopt(this.m);
  }

  override get answersFrames(): boolean {
    return true;
  }

  override read(connection: Connection, peer: string, _term: number, reads: readonly ReadRequest[]): boolean {
    keepReads(this.#r, connection, peer, reads);
    return true;
  }

  override callerEvent(event: CallerEvent): boolean {
    const { before } = this.m;
    switch (event.kind) {
      case 'rpcCall':
        onRpcCall(this.#r, event, (connection) => this.#keepRead(event, connection));
        return true;
      case 'callGone':
        if (before !== undefined) onCallGone(before, event.call);
        return true;
      case 'admitted':
        if (before !== undefined) onAdmitted(before, event, false);
        return true;
      case 'refused':
        if (before !== undefined) onRefused(before, event);
        return true;
      default:
        return false;
    }
  }

  #keepRead({ call, peer, request }: CallerEvent & { kind: 'rpcCall' }, connection: Connection): void {
    if (this.#r.earlyReads.size < this.#r.config.queueMax) {
      this.#r.earlyReads.add({ connection, readId: 0, call, request, peer });
      return;
    }
    const reason = 'too many calls wait for this replica to serve; nothing was done, try again later';
    failCall(this.#r, call, 'UNDERSTUDY_OVERLOADED', reason);
  }

  /** While an adoption is on its way into the record, no order beyond it may have an effect. */
  override mayProcess(): boolean {
    const { collection } = this.m;
    if (collection.stage === 'recovering') return true;
    if (!this.#r.executesNext || this.#r.order.processedUpTo >= this.m.completedUpTo) return false;
    return (
      /* rule adopted-before-published */ collection.stage !== 'publishing' ||
      this.#r.order.processedUpTo < collection.through
    );
  }

  override get mayExecute(): boolean {
    return this.m.collection.stage === 'recovering';
  }

  override holdsBack(entry: Entry): boolean {
    return holdBackAdopted(this.m, entry);
  }

  /** A promoting replica abandons no handler; it does so as primary, once it knows what was adopted. */
  override stalled(_entry: Entry, _forMs: number): boolean {
    return false;
  }

  override diverged(orderNum: OrderNum, method: string): void {
    this.#r.log('error', 'UNDERSTUDY_DIVERGED', { orderNum, method });
  }

  override nestedCalled(id: NestedId): void {
    noteNestedCall(this.#r, id);
  }

  override logBound(upTo: OrderNum): OrderNum {
    if (!this.#r.stateBehind && !this.#r.followsByCopy) return keptForBase(this.#r, upTo);
    return minOf(upTo, this.#r.checkpoint?.orderNum ?? NO_ORDER);
  }

  override get blocked(): string | undefined {
    return this.m.blocked;
  }

  override close(): void {
    for (const call of this.#r.earlyReads.dropCalls()) refuseCall(this.#r, call);
  }
}
