import { assert } from '../../model/assert.js';
import type { Checkpoint } from '../../model/checkpoint.js';
import type { CheckpointFrame } from '../../model/frames.js';
import type { OrderNum } from '../../model/ids.js';
import { maxOf, NO_TERM, next } from '../../model/ids.js';
import type { Peer } from '../membership/peers.js';
import { isAtRest } from '../nested/drain.js';
import { isAnnouncedTo } from '../release/fan-out.js';
import type { ReplicaState } from '../state.js';
import { backlogCopied } from './backlog.js';
import { usableBase } from './base.js';
import { dropLogUpTo, truncateLog } from './log-bounds.js';

/** What is less than this part of `checkpointEvery` is replayed in no time. */
const REPLAYED_AT_ONCE = 16;

/** The user's state was copied, between two messages: together with the reply cache it stands for the log so far. */
export function onCheckpointTaken(r: ReplicaState, state: Uint8Array): void {
  assert(r.stateBusy === 'checkpoint', () => 'a checkpoint that nobody asked for');
  r.stateBusy = undefined;
  const { processedUpTo } = r.order;
  const checkpoint: Checkpoint = {
    orderNum: processedUpTo,
    term: r.order.entries.get(processedUpTo)?.info.term ?? NO_TERM,
    digest: r.digest,
    state,
    ...r.connections.snapshot(processedUpTo),
  };
  if (!r.isPrimary) return;
  r.checkpointUnstable = checkpoint;
  backlogCopied(r, processedUpTo);
  releaseCheckpoint(r);
}

/** A joining replica starts here. It will have no log of what the checkpoint covers, so nobody may lack that any more. */
function sendToLearner(r: ReplicaState, peer: Peer, checkpoint: Checkpoint): void {
  const frame = { kind: 'checkpoint', term: r.term, checkpoint, join: true } as const;
  r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame });
  peer.learner = 'following';
  peer.confirmed = false;
  peer.announcedUpTo = checkpoint.orderNum;
  peer.heldUpTo = checkpoint.orderNum;
  peer.lastHeardMs = r.nowMs;
  r.wantsFlush = true;
}

/** A checkpoint may stand for the log only once its order is stable (DESIGN 5.6). */
export function releaseCheckpoint(r: ReplicaState): void {
  const checkpoint = r.checkpointUnstable;
  if (checkpoint === undefined || /* rule checkpoint-when-stable */ checkpoint.orderNum > r.stableUpTo) return;
  r.checkpointUnstable = undefined;
  for (const peer of r.peers.values()) {
    if (peer.learner === 'waiting' && peer.linkUp) sendToLearner(r, peer, checkpoint);
  }
  const isBase = r.hadStreams || opensStream(r);
  if (isBase) r.checkpoint = checkpoint;
  else if (r.config.replication === 'semi-active') return;
  const frame = { kind: 'checkpoint', term: r.term, checkpoint, join: false } as const;
  for (const peer of r.peers.values()) {
    if (isAnnouncedTo(r, peer)) r.effects.push({ kind: 'sendToPeer', peer: peer.member.id, frame });
  }
}

/** The checkpoint was made for a stream that is about to be opened. */
const opensStream = (r: ReplicaState): boolean => {
  const work = r.scheduler.peek();
  return work?.kind === 'call' && work.request.stream?.kind === 'open';
};

/** A replica waits for a checkpoint, which cannot be made while streams are open: an older one will do. */
export function startFromBase(r: ReplicaState, peer: Peer): boolean {
  const base = usableBase(r);
  if (base === undefined || r.openStreams === 0 || peer.learner !== 'waiting' || !peer.linkUp) return false;
  sendToLearner(r, peer, base);
  return true;
}

/** Passive replication: time for the next checkpoint, which lets backups drop their logs. */
export function checkpointIfDue(r: ReplicaState): void {
  if (r.config.replication !== 'passive' || r.order.processedUpTo < r.checkpointDueAt) return;
  r.checkpointDueAt = (r.order.processedUpTo + r.config.checkpointEvery) as OrderNum;
  r.checkpointWanted = true;
}

/** Passive replication: whoever takes over replays what came after its checkpoint, and the group waits meanwhile. */
export function checkpointForSuccessor(r: ReplicaState): void {
  const { replication, checkpointEvery } = r.config;
  if (replication !== 'passive') return;
  if (r.order.last - r.copiedUpTo >= checkpointEvery / REPLAYED_AT_ONCE) r.checkpointWanted = true;
}

/** A passive group hands over once the successor has what was copied for it. What a stream's handler knows is in no copy. */
export const isCopied = (r: ReplicaState): boolean =>
  r.config.replication === 'semi-active' ||
  ((!r.checkpointWanted || r.openStreams > 0 || !isAtRest(r)) &&
    r.stateBusy === undefined &&
    r.checkpointUnstable === undefined);

/**
 * A replica that had started from a checkpoint is given a newer one, which covers more than it holds. The checkpoint is
 * stable, so this replica is not in sync and may begin another life without a loss.
 */
export const fellBehind = (r: ReplicaState, { checkpoint, join }: CheckpointFrame): boolean =>
  join && r.role === 'joining' && r.joined && checkpoint.orderNum > r.order.heldUpTo;

/** Backup and joining replica. */
export function onCheckpoint(r: ReplicaState, { checkpoint, join }: CheckpointFrame): void {
  if (join) {
    if (r.role !== 'joining') return;
    if (r.joined) followAgain(r);
    else install(r, checkpoint);
    return;
  }
  if (r.checkpoint !== undefined && checkpoint.orderNum <= r.checkpoint.orderNum) return;
  r.checkpointAhead = undefined;
  if (checkpoint.orderNum > r.order.heldUpTo) r.checkpointAhead = checkpoint;
  else if (checkpoint.orderNum >= r.order.entries.base) take(r, checkpoint);
}

/** A copy came before this replica, which catches up, held as much. */
export function takeAhead(r: ReplicaState): void {
  const checkpoint = r.checkpointAhead;
  if (checkpoint === undefined || checkpoint.orderNum > r.order.heldUpTo) return;
  r.checkpointAhead = undefined;
  if (checkpoint.orderNum >= r.order.entries.base) take(r, checkpoint);
}

function take(r: ReplicaState, checkpoint: Checkpoint): void {
  r.checkpoint = checkpoint;
  if (r.config.replication === 'semi-active') return;
  r.stableUpTo = maxOf(r.stableUpTo, checkpoint.orderNum);
  r.connections.restore(checkpoint);
  dropLogUpTo(r, checkpoint.orderNum);
  passOver(r, checkpoint);
}

/** A passive backup does not process what a checkpoint covers. */
function passOver(r: ReplicaState, checkpoint: Checkpoint): void {
  r.order.processedUpTo = checkpoint.orderNum;
  r.digest = checkpoint.digest;
  r.digests.reset(checkpoint.orderNum);
}

/** The primary had given this replica up, and what it holds is still enough to go on from. */
function followAgain(r: ReplicaState): void {
  r.lastHeartbeatMs = r.nowMs;
  r.forgetReports();
  r.ackDue = true;
  r.wantsFlush = true;
}

function install(r: ReplicaState, checkpoint: Checkpoint): void {
  r.joined = true;
  r.order.reset(checkpoint.orderNum);
  r.stableUpTo = maxOf(r.stableUpTo, checkpoint.orderNum);
  r.backupOrder.continueFrom(next(checkpoint.orderNum));
  r.connections.restore(checkpoint);
  passOver(r, checkpoint);
  r.checkpoint = checkpoint;
  if (r.config.replication === 'semi-active') {
    r.stateBusy = 'restore';
    r.effects.push({ kind: 'restoreState', state: checkpoint.state });
  }
  r.lastHeartbeatMs = r.nowMs;
  r.ackDue = true;
  r.wantsFlush = true;
  r.log('info', 'starts from a checkpoint', { orderNum: checkpoint.orderNum });
}

export function onRestored(r: ReplicaState): void {
  assert(r.stateBusy === 'restore', () => 'a restore that nobody asked for');
  r.stateBusy = undefined;
  truncateLog(r);
}
