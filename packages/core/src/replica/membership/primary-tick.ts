/** Everything that a primary decides by time. */

import { boundBacklog } from '../checkpoint/backlog.js';
import { checkpointIfDue, giveUpStalled } from '../checkpoint/checkpoints.js';
import { goOnSending } from '../checkpoint/sending.js';
import { leaveStalledReads } from '../order/reads.js';
import { resumeAllPostponed } from '../release/bulk.js';
import { carryToSessions, heartbeatDue, isAnnouncedTo } from '../release/fan-out.js';
import type { PrimaryState } from '../state/primary-state.js';
import { orderDue } from '../timers/timers.js';
import { cancelExpired } from '../waiting/given-up.js';
import { removeSilent } from './backups.js';
import { forgetGone } from './forgetting.js';
import { tryHandOver } from './hand-over.js';
import { progress } from './progress.js';

/** Called at every tick of a primary. */
export function primaryTick(p: PrimaryState): void {
  const { r } = p;
  if (p.batchSinceMs !== undefined) r.wantFlush();
  removeSilent(p);
  /* rule forget-the-gone */ forgetGone(p);
  giveUpStalled(p);
  goOnSending(p);
  checkpointIfDue(p);
  if (r.nowMs >= p.wakeAtMs) orderDue(p);
  /* rule waits-end-at-deadline */ cancelExpired(p);
  boundBacklog(p);
  leaveStalledReads(p);
  /* rule null-message-by-time */ announceLate(p);
  pushBack(p);
  resumeAllPostponed(p);
  // Without a backup there are no acknowledgments that would cause progress.
  if (p.stability.alone) progress(p);
  if (r.steppingDown !== undefined) tryHandOver(p);
  for (const peer of r.peers.values()) {
    if (isAnnouncedTo(p, peer) && heartbeatDue(r, peer)) r.wantFlush();
  }
}

/** Announcements have waited `nullMessageMs` for a message to travel with: a null message carries them ([0111]). */
function announceLate(p: PrimaryState): void {
  const { r } = p;
  if (r.config.multicast !== 'destination' || r.nowMs - p.unstableSinceMs < r.config.nullMessageMs) return;
  carryToSessions(p);
  if (r.nowMs - p.unstableSinceMs >= 2 * r.config.nullMessageMs) p.localAnnounceUpTo = r.order.last;
  r.wantFlush();
}

/** Stops reading from sessions while the queue is full, and goes on once it is half empty. */
function pushBack(p: PrimaryState): void {
  const { r } = p;
  const size = p.scheduler.load + p.setAside.size;
  const full = size >= r.config.queueMax;
  const drained = size <= r.config.queueMax / 2;
  if (p.sessionsPaused ? !drained : !full) return;
  p.sessionsPaused = !p.sessionsPaused;
  p.sessionsReadSinceMs = r.nowMs;
  r.effects.push({ kind: 'pauseSessions', paused: p.sessionsPaused });
}
