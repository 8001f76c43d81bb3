/** Checkpoints: taken between two messages, handed out once stable, and the start of a joining replica. */

import { assert } from '../../model/assert.js';
import type { Checkpoint, PieceAckFrame } from '../../model/checkpoint.js';
import type { OrderNum } from '../../model/ids.js';
import { maxOf, NO_TERM } from '../../model/ids.js';
import { backupReceives, opensStream } from '../copying/asking.js';
import { sayIdle } from '../copying/busy.js';
import { onOtherState } from '../copying/digests.js';
import { isAnnouncedTo } from '../release/fan-out.js';
import { isAtRest, usableBase } from '../state/base.js';
import type { Copy } from '../state/copies/copy.js';
import type { EventOf } from '../state/events.js';
import { FollowerState } from '../state/follower-state.js';
import type { Peer } from '../state/peers.js';
import type { PrimaryState } from '../state/primary-state.js';
import type { ReplicaState } from '../state/replica-state.js';
import { bestBackup } from '../upgrade/best-backup.js';
import { hasOtherCode } from '../upgrade/others.js';
import { backlogCopied } from './backlog.js';
import { dropLogUpTo, truncateLog } from './log-bounds.js';
import {
  copyUnderWay,
  endTransfer,
  endUnused,
  isStalled,
  lacksAnswer,
  newCopy,
  offer,
  offerAgain,
  onPieceAck,
} from './sending.js';

/**
 * A backlog of less than this fraction of `checkpointEvery` is replayed so fast that no copy is made before a
 * hand-over.
 */
const REPLAYED_AT_ONCE = 16;

/** A state that could not be copied is not copied again sooner, in milliseconds. */
const COPY_AGAIN_MS = 5000;

/** The user's state was copied between two messages. Together with the reply cache it stands for the log so far. */
export function onCheckpointTaken(r: ReplicaState, copy: number, state: readonly Uint8Array[], more: boolean): void {
  assert(r.stateBusy === 'checkpoint', () => 'a checkpoint that nobody asked for');
  r.stateBusy = undefined;
  sayIdle(r);
  const { processedUpTo } = r.order;
  const checkpoint: Checkpoint = {
    orderNum: processedUpTo,
    term: r.order.entries.get(processedUpTo)?.info.term ?? NO_TERM,
    timeMs: r.order.timeMs,
    digest: r.digest,
    state,
    ...r.connections.snapshot(processedUpTo),
    ...r.timers.snapshot(),
  };
  r.role.checkpointTaken(copy, checkpoint, more);
  // This replica stopped being primary while its state was copied.
  if (more && !r.role.draws(copy)) r.effects.push({ kind: 'endCopy', copy });
}

/** The user's state could not be copied. Learners, hand-overs and backups that wait for the copy go on without it. */
export function onCheckpointFailed(r: ReplicaState, copy: number, reason: string): void {
  const isTaking = r.stateBusy === 'checkpoint' && copy === r.copyAsked;
  if (!isTaking && !r.role.draws(copy)) return;
  r.log('warn', 'the state could not be copied; this replica goes on, but no replica can join', { reason });
  if (isTaking) {
    r.stateBusy = undefined;
    sayIdle(r);
  }
  r.role.checkpointFailed(copy, reason);
}

/** Tells the learners that wait for the copy why they do not get it. They go on asking. */
export function onCopyFailed(p: PrimaryState, copy: number, problem: string): void {
  const { r } = p;
  const reason = `it cannot copy its state: ${problem}; mend what state.checkpoint() does there`;
  p.copyAgainAtMs = r.nowMs + COPY_AGAIN_MS;
  if (p.copyUnstable?.id === copy) p.copyUnstable = undefined;
  for (const peer of r.peers.values()) {
    if (peer.transfer?.copy.id !== copy) continue;
    peer.transfer = undefined;
    if (peer.learner === 'receiving') peer.learner = 'waiting';
  }
  endUnused(p);
  for (const peer of r.peers.values()) {
    if (peer.learner !== 'waiting' || !peer.linkUp) continue;
    r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame: { kind: 'noCheckpoint', term: r.term, reason } });
  }
}

/** The primary has a copy of its state. Backups get it once its order is stable. */
export function onOwnCheckpoint(p: PrimaryState, id: number, checkpoint: Checkpoint, more: boolean): void {
  p.copyUnstable = newCopy(p, id, checkpoint, more);
  p.copies.set(id, p.copyUnstable);
  endUnused(p);
  backlogCopied(p, checkpoint.orderNum);
  releaseCheckpoint(p);
}

/**
 * Gives a learner the checkpoint that it starts from. It gets no log of what the checkpoint covers, so that must be
 * stable.
 */
function sendToLearner(p: PrimaryState, peer: Peer, copy: Copy): void {
  peer.learner = 'receiving';
  peer.announcedUpTo = copy.head.orderNum;
  peer.heldUpTo = copy.head.orderNum;
  p.r.peers.heard(peer, p.r.nowMs);
  offer(p, peer, copy, true);
}

/** Hands out the checkpoint once its order is stable; only then may it stand for the log (DESIGN 5.6). */
export function releaseCheckpoint(p: PrimaryState): void {
  const { r } = p;
  const copy = p.copyUnstable;
  if (copy === undefined || /* rule checkpoint-when-stable */ copy.head.orderNum > r.stableUpTo) return;
  p.copyUnstable = undefined;
  p.givenUpTo = copy.head.orderNum;
  for (const peer of r.peers.values()) {
    if (peer.learner === 'waiting' && peer.linkUp) sendToLearner(p, peer, copy);
  }
  const isBase = copy.whole !== undefined && (r.hadStreams || opensStream(p));
  const { whole } = copy;
  if (whole !== undefined && (isBase || r.mayArm)) r.checkpoint = whole;
  if (isBase || p.givesCopies) {
    for (const peer of r.peers.values()) {
      const wants = isBase || followsByCopy(p, peer);
      // A backup that is still being sent an earlier copy gets that one whole; a slow backup would otherwise never
      // finish one.
      if (wants && isAnnouncedTo(p, peer) && peer.transfer === undefined) offer(p, peer, copy, false);
    }
  }
  endUnused(p);
}

/**
 * Gives the base to a learner that waits while streams are open, when no new checkpoint can be made.
 *
 * @returns whether it did
 */
export function startFromBase(p: PrimaryState, peer: Peer): boolean {
  const { r } = p;
  const base = usableBase(r);
  if (base === undefined || r.openStreams + r.timers.raw === 0) return false;
  if (peer.learner !== 'waiting' || !peer.linkUp) return false;
  const known = [...p.copies.values()].find(({ whole }) => whole === base);
  sendToLearner(p, peer, known ?? newCopy(p, ++p.lastCopy, base, false));
  return true;
}

/**
 * Gives a waiting learner a copy: the base while streams are open, a copy that other replicas are being sent, or else a
 * new one as soon as it can be made.
 */
export function startLearner(p: PrimaryState, peer: Peer): void {
  if (lacksAnswer(p, peer)) offerAgain(p, peer);
  if (startFromBase(p, peer) || peer.learner !== 'waiting' || !peer.linkUp || p.copyUnstable !== undefined) return;
  const copy = copyUnderWay(p);
  if (copy === undefined) p.checkpointWanted = true;
  else sendToLearner(p, peer, copy);
}

/** A peer told which pieces of its copy it has. */
export function onPieces(p: PrimaryState, peer: Peer, frame: PieceAckFrame): void {
  const { r } = p;
  peer.lastHeardMs = r.nowMs;
  if (peer.learner !== undefined) p.learners.set(peer.member.id, r.nowMs);
  const end = onPieceAck(p, peer, frame);
  if (end === undefined) return;
  if (end.how === 'done') peer.copiedUpTo = end.transfer.copy.head.orderNum;
  if (end.how === 'damaged') {
    r.log('error', 'a copy of the state arrived damaged', { peer: peer.member.id, copy: frame.copy });
    p.copyAgainAtMs = r.nowMs + COPY_AGAIN_MS;
  }
  if (peer.learner !== 'receiving' || !end.transfer.join) return;
  if (end.how === 'done') {
    peer.learner = 'following';
    r.wantFlush();
  } else {
    peer.learner = 'waiting';
    startLearner(p, peer);
  }
}

/** Gives up transfers that do not get any further, and those to replicas that have been removed. */
export function giveUpStalled(p: PrimaryState): void {
  for (const peer of p.r.peers.values()) {
    const { transfer } = peer;
    const isRemoved = peer.learner === undefined && !p.stability.counts(peer);
    if (transfer === undefined || !(/* rule no-copy-for-removed */ (isRemoved || isStalled(p, transfer)))) continue;
    endTransfer(p, peer);
    if (peer.learner === 'receiving') peer.learner = 'waiting';
  }
}

/** In a passive group: wants the next checkpoint when it is due. It lets backups drop their logs. */
export function checkpointIfDue(p: PrimaryState): void {
  const { r } = p;
  if (!p.givesCopies) return;
  if (r.order.processedUpTo >= p.checkpointDueAt) {
    p.checkpointDueAt = (r.order.processedUpTo + r.config.checkpointEvery) as OrderNum;
    p.checkpointWanted = true;
  } else if (/* rule copy-for-left-out */ someoneWasLeftOut(p)) p.checkpointWanted = true;
}

/**
 * Whether a backup lacks a copy that no order will cause soon. While the group is idle no other copy would be made.
 */
function someoneWasLeftOut(p: PrimaryState): boolean {
  const { r } = p;
  if (r.stateBusy !== undefined || p.copyUnstable !== undefined) return false;
  for (const peer of r.peers.values()) {
    if (peer.transfer !== undefined || peer.learner !== undefined) continue;
    if (!isAnnouncedTo(p, peer) || !followsByCopy(p, peer)) continue;
    if (missedCopy(p, peer) || /* rule copy-for-follower */ lacksOldOrders(p, peer)) return true;
  }
  return false;
}

/**
 * Whether the last copy passed this backup by, because the backup was still being sent an earlier one or had no link,
 * and whether it has kept its log for so long that its next copy is due.
 */
const missedCopy = ({ r, givenUpTo }: PrimaryState, { copiedUpTo }: Peer): boolean =>
  copiedUpTo < givenUpTo && r.order.processedUpTo >= copiedUpTo + r.config.checkpointEvery;

/**
 * Whether a backup that follows by copy in a group that executes lacks a copy that covers the orders of older terms.
 * Other code executed those orders, so the backup cannot execute them, nor anything that follows them. Such a backup
 * was in the group already, or it joined with an older copy because streams were open.
 */
function lacksOldOrders({ r }: PrimaryState, { copiedUpTo }: Peer): boolean {
  if (r.config.replication === 'passive') return false;
  const adopted = r.record?.adoptedThrough.findLast(({ term }) => term === r.term);
  return adopted !== undefined && copiedUpTo < adopted.through;
}

const followsByCopy = ({ r }: PrimaryState, peer: Peer): boolean => r.config.replication === 'passive' || peer.byCopy;

/**
 * Wants a checkpoint before a hand-over to a successor that follows by copy, unless little came since the last. The
 * successor replays everything after its checkpoint, and the group waits meanwhile.
 */
export function checkpointForSuccessor(p: PrimaryState): void {
  const { r } = p;
  copyForOtherCode(p);
  if (!successorFollowsByCopy(p)) return;
  if (r.order.last - p.copiedUpTo >= r.config.checkpointEvery / REPLAYED_AT_ONCE) p.checkpointWanted = true;
}

/**
 * Whether the successor executes nothing until it has a copy: in a passive group, and where it logged orders of a passive
 * term before this one.
 */
const successorFollowsByCopy = (p: PrimaryState): boolean =>
  p.r.config.replication === 'passive' || /* rule copy-after-passive */ bestBackup(p)?.byCopy === true;

/** Wants a copy for a successor that has other code, unless one of all that is processed was given or is on its way. */
export function copyForOtherCode(p: PrimaryState): void {
  const { order, stateBusy } = p.r;
  const isOnItsWay = stateBusy === 'checkpoint' || p.copyUnstable !== undefined || p.givenUpTo >= order.processedUpTo;
  if (lacksCopy(p) && !isOnItsWay) p.checkpointWanted = true;
}

/** Whether the successor has other code and lacks a copy of the state as of the last order, so that it would replay some. */
const lacksCopy = (p: PrimaryState): boolean => {
  const { r } = p;
  const successor = bestBackup(p);
  return successor?.brings !== undefined && hasOtherCode(r, successor.brings) && successor.processedUpTo < r.order.last;
};

/**
 * Whether a hand-over need not wait for a copy. A successor that follows by copy takes over once it has the one made for
 * it.
 * It does not wait where none can be made, because streams are open or handlers wait.
 */
export const isCopied = (p: PrimaryState): boolean =>
  !(/* rule copy-for-other-code */ lacksCopy(p)) &&
  (!successorFollowsByCopy(p) ||
    ((!p.checkpointWanted || p.r.openStreams > 0 || !isAtRest(p.r)) &&
      p.r.stateBusy === undefined &&
      p.copyUnstable === undefined &&
      !backupReceives(p)));

/** A follower got a checkpoint that lets it drop its log. */
export function onCheckpoint(f: FollowerState, checkpoint: Checkpoint): void {
  const { r } = f;
  if (r.checkpoint !== undefined && checkpoint.orderNum <= r.checkpoint.orderNum) return;
  f.checkpointAhead = undefined;
  if (checkpoint.orderNum > r.order.heldUpTo) f.checkpointAhead = checkpoint;
  else if (checkpoint.orderNum >= r.order.entries.base) take(f, checkpoint);
}

/** Takes a checkpoint that arrived before its orders, now that this replica holds everything it covers. */
export function takeAhead(f: FollowerState): void {
  const { r } = f;
  const checkpoint = f.checkpointAhead;
  if (checkpoint === undefined || checkpoint.orderNum > r.order.heldUpTo) return;
  f.checkpointAhead = undefined;
  if (checkpoint.orderNum >= r.order.entries.base) take(f, checkpoint);
}

function take(f: FollowerState, checkpoint: Checkpoint): void {
  const { r } = f;
  r.checkpoint = checkpoint;
  if (!r.followsByCopy || checkpoint.orderNum <= r.order.processedUpTo) return;
  r.stableUpTo = maxOf(r.stableUpTo, checkpoint.orderNum);
  forgetHandlers(r);
  r.connections.restore(checkpoint);
  dropLogUpTo(r, checkpoint.orderNum);
  passOver(r, checkpoint);
  f.acknowledge();
}

/**
 * Forgets the handlers that were open when this replica began to follow by copy, because the copy is newer than all of
 * them.
 */
function forgetHandlers(r: ReplicaState): void {
  if (r.running === undefined && r.openStreams === 0 && isAtRest(r)) return;
  r.running = undefined;
  r.openStreams = 0;
  r.unfinished.clear();
  r.nested.forgetAll();
  r.effects.push({ kind: 'forgetHandlers' });
}

/** Counts everything that a checkpoint covers as processed: it is restored instead. */
function passOver(r: ReplicaState, checkpoint: Checkpoint): void {
  r.order.processedUpTo = checkpoint.orderNum;
  r.digest = checkpoint.digest;
  r.digests.reset(checkpoint.orderNum);
  r.stateBehind = true;
  /* rule timers-in-checkpoint */ r.timers.restore(checkpoint, r.clocks.timerMs(r.nowMs), r.clocks.orderMs());
}

/** The primary had given this replica up, but this replica's log still reaches far enough to go on. */
export function followAgain(f: FollowerState): void {
  f.heard();
  f.forgetReports();
  f.acknowledge();
}

/** A joining replica starts from a checkpoint. */
export function install(r: ReplicaState, checkpoint: Checkpoint): FollowerState {
  r.order.reset(checkpoint.orderNum, /* rule time-in-checkpoint */ checkpoint.timeMs);
  r.stableUpTo = maxOf(r.stableUpTo, checkpoint.orderNum);
  r.connections.restore(checkpoint);
  passOver(r, checkpoint);
  r.checkpoint = checkpoint;
  const follower = new FollowerState(r);
  follower.acknowledge();
  r.log('info', 'this replica starts from a checkpoint', { orderNum: checkpoint.orderNum });
  return follower;
}

/** The adapter has restored the state of a checkpoint: messages may be processed again. */
export function onRestored(r: ReplicaState, { differs, cost }: EventOf<'restored'>): void {
  assert(r.stateBusy === 'restore', () => 'a restore that nobody asked for');
  r.stateBusy = undefined;
  if (cost !== undefined) r.states.copied(cost);
  if (differs !== undefined) onOtherState(r, differs.given, differs.made);
  sayIdle(r);
  truncateLog(r);
}
