/** When the user's state is copied. */

import { mayStay } from '../state/base.js';
import type { PrimaryState } from '../state/primary-state.js';
import { sayBusy } from './busy.js';
import { noteDigest } from './deciding.js';

/**
 * Copies the user's state while nothing runs. Peers are told first, because the user's function may block this process.
 */
export function takeCheckpoint(p: PrimaryState): void {
  const { r } = p;
  p.checkpointWanted = false;
  noteDigest(p);
  r.stateBusy = 'checkpoint';
  r.copyAsked = ++p.lastCopy;
  const kept = r.config.replication === 'passive' || r.hadStreams || opensStream(p);
  r.effects.push({ kind: 'takeCheckpoint', copy: r.copyAsked, kept, told: sayBusy(r) });
}

/** Whether the checkpoint was made because a stream is about to be opened, or a call whose handler may stay. */
export const opensStream = (p: PrimaryState): boolean => {
  const work = p.scheduler.peek();
  return work?.kind === 'call' && mayStay(p.r, work.request);
};

/** Whether the copy that is wanted may be made now: not while a backup still receives the one before. */
export const mayCopy = (p: PrimaryState): boolean => p.checkpointWanted && !backupReceives(p);

/** Whether some backup that counts is still being sent a copy. */
export function backupReceives({ r }: PrimaryState): boolean {
  for (const { transfer, learner } of r.peers.values()) {
    if (transfer !== undefined && learner === undefined) return true;
  }
  return false;
}
