/**
 * Hands the group over to the best backup when the primary steps down (DESIGN 5.5). The last replica in sync waits for
 * replicas that are catching up, or else ends the group's history (DESIGN 5.17).
 */

import type { ReplicaId } from '../../model/ids.js';
import type { GroupRecord } from '../../model/record.js';
import { ENDED_FOR_SUCCESSOR } from '../../model/stream.js';
import { endRecord, handOver } from '../../record/transitions.js';
import { endStreams } from '../checkpoint/backlog.js';
import { checkpointForSuccessor, copyForOtherCode, isCopied } from '../checkpoint/checkpoints.js';
import { isAtRest } from '../state/base.js';
import type { PrimaryState } from '../state/primary-state.js';
import { HAND_OVER_LEASES, type SteppingDown } from '../state/replica-state.js';
import { bestBackup } from '../upgrade/best-backup.js';
import { hasOtherCode } from '../upgrade/others.js';
import { proposeChange } from './record-changes.js';

/** How many milliseconds the last replica in sync goes on in case another replica is just starting again. */
const COMES_BACK_MS = 1000;

/**
 * Designates the best backup once every order is stable, every reply has left and nothing runs, or after a bounded
 * time.
 */
export function tryHandOver(p: PrimaryState): void {
  const { r } = p;
  const { steppingDown, record } = r;
  if (steppingDown === undefined || record === undefined || r.changeInFlight !== undefined) return;
  if (steppingDown.stopped) return;
  if (record.ended) {
    stopNow(r);
    return;
  }
  if (/* rule wait-for-learners */ lingers(p, record)) return;
  copyForOtherCode(p);
  const isIdle = r.running === undefined && p.reads.size === 0 && r.order.processedUpTo === r.order.last;
  const settled = isIdle && r.stableUpTo === r.order.last && p.waiting.length === 0 && isCopied(p);
  if (/* rule settle-before-hand-over */ !settled && r.nowMs < settlesUntilMs(p, steppingDown)) return;
  const successor = bestBackup(p);
  if (successor === undefined) {
    stopAlone(p, record);
    return;
  }
  const { member, brings } = successor;
  if (brings === undefined) return;
  if (!isCopied(p) && hasOtherCode(r, brings)) {
    const what =
      'the successor has other code and no copy of the newest state; it executes again what came since its last copy';
    r.log('warn', what, { peer: member.id, version: r.leadership.version, itsVersion: brings.version });
  }
  const through = /* rule publish-with-hand-over */ settled ? r.order.last : undefined;
  proposeChange(r, handOver(record, member, through, brings), 'hand over');
}

/**
 * What a primary that is to stop still does for a successor with other code, in a sentence; undefined if it does
 * nothing.
 */
export function leavingFor(p: PrimaryState): string | undefined {
  const { steppingDown, nowMs } = p.r;
  if (steppingDown === undefined || nowMs >= settlesUntilMs(p, steppingDown) || isCopied(p)) return undefined;
  const successor = bestBackup(p);
  if (successor?.brings === undefined || !hasOtherCode(p.r, successor.brings)) return undefined;
  const { member, brings } = successor;
  return `told to stop; ${member.id} runs ${brings.version || 'another version'} and is given a copy of the state before it takes over`;
}

/** How long everything may take to be settled. A successor with other code needs a copy first, however large that is. */
function settlesUntilMs(p: PrimaryState, { sinceMs, learnersUntilMs }: SteppingDown): number {
  const untilMs = sinceMs + HAND_OVER_LEASES * p.r.config.leaseMs;
  const brings = bestBackup(p)?.brings;
  // The hand-over does not wait for a state that cannot be copied.
  const mayCome = brings !== undefined && hasOtherCode(p.r, brings) && p.r.nowMs >= p.copyAgainAtMs;
  return mayCome ? Math.max(untilMs, learnersUntilMs) : untilMs;
}

/** Settles everything so that the group can be handed over: all announcements go out, and a passive group's copy. */
export function prepareHandOver(p: PrimaryState): void {
  // Every order must become stable now, so all announcements go out directly and do not wait for clients to reflect
  // them.
  p.localAnnounceUpTo = p.r.order.last;
  /* rule copy-for-successor */ checkpointForSuccessor(p);
}

/**
 * Decides whether this primary, which is to stop, goes on serving because it is the last replica in sync and a learner
 * that is on its way could save the state.
 */
function lingers(p: PrimaryState, record: GroupRecord): boolean {
  const { r } = p;
  const { steppingDown } = r;
  if (steppingDown === undefined) return false;
  const comes = p.learners.size > 0 || (r.nowMs - steppingDown.toldMs < COMES_BACK_MS && mayComeBack(p, record));
  const awaitsLearner = record.inSync.length === 1 && comes;
  const wants = r.nowMs < steppingDown.learnersUntilMs && (awaitsLearner || drainsForCopy(p));
  if (wants && awaitsLearner && p.learners.size > 0 && !steppingDown.warned) {
    steppingDown.warned = true;
    const forMs = steppingDown.learnersUntilMs - r.nowMs;
    const learners = learnersOf(p);
    r.log('warn', 'told to stop, but goes on until a replica that is catching up can take over', { learners, forMs });
  }
  if (r.lingers && !wants) {
    steppingDown.sinceMs = r.nowMs;
    r.lingers = false;
    prepareHandOver(p);
  }
  r.lingers = wants;
  return wants;
}

/**
 * Prepares a copy of the state for a successor with other code. No copy can be made while streams are open or handlers
 * wait, so the primary ends the streams and goes on until the handlers have ended.
 *
 * @returns whether the primary must go on
 */
function drainsForCopy(p: PrimaryState): boolean {
  const { r } = p;
  const brings = bestBackup(p)?.brings;
  if (brings === undefined || !hasOtherCode(r, brings)) return false;
  if (r.openStreams === 0 && isAtRest(r)) return false;
  p.checkpointWanted = true;
  /* rule end-for-other-code */ endStreams(p, ENDED_FOR_SUCCESSOR);
  p.drainUntilMs = Number.POSITIVE_INFINITY;
  return true;
}

/**
 * Whether the record names another replica that did not say that it stops: that replica may be starting again right
 * now.
 */
const mayComeBack = ({ r }: PrimaryState, record: GroupRecord): boolean =>
  Object.keys(record.addresses).some((id) => id !== r.self.id && r.peers.get(id as ReplicaId)?.leaving !== true);

export const learnersOf = (p: PrimaryState): string => [...p.learners.keys()].join(', ');

/**
 * No replica can take over. If one was trying to until now, its user still wanted the state, and only an operator may
 * decide to go on without it. Otherwise the whole group was stopped on purpose, so its history ends.
 */
function stopAlone(p: PrimaryState, record: GroupRecord): void {
  const { r } = p;
  const { steppingDown } = r;
  if (steppingDown === undefined) return;
  // A backup without a link comes back within this time, or it is dead and the record loses it after a lease.
  const awaited = r.nowMs - steppingDown.sinceMs < HAND_OVER_LEASES * r.config.leaseMs;
  if (record.inSync.length > 1 && awaited) return;
  const isWanted = record.inSync.length > 1 || p.learners.size > 0;
  if (/* rule end-unless-wanted */ !isWanted) {
    r.log('warn', 'the last replica in sync stops; the group ends, and its state with it', {});
    proposeChange(r, endRecord(record), 'end');
    return;
  }
  r.log('error', 'this replica stops although nobody could take over; the group waits for an operator', {
    learners: learnersOf(p),
    inSync: record.inSync.map(({ id }) => id).join(', '),
  });
  stopNow(r);
}

function stopNow(r: PrimaryState['r']): void {
  if (r.steppingDown !== undefined) r.steppingDown.stopped = true;
  r.effects.push({ kind: 'stopped', handedOverTo: undefined });
}
