/** Describes how a replica is doing, in the words that health, warnings and its status share. */
import type { ReplicaStatus } from '@understudy/core';
import type { Condition } from './health.js';

/** How far a replica is on its way from `start` to its end. */
export interface Phase {
  /** The user was told that it serves. */
  readonly serving: boolean;
  /** It was told to stop. */
  readonly stopping: boolean;
  readonly failed: boolean;
  /** It has ended. */
  readonly over: boolean;
}

export function conditionOf(
  { role, blocked, degraded }: ReplicaStatus,
  { serving, stopping, failed, over }: Phase,
): Condition {
  const live = !over && !failed;
  const isInSync = role === 'primary' || role === 'backup';
  const ready = live && !stopping && isInSync && blocked === undefined;
  return { serves: live && serving, ready, live, degraded: live && degraded !== undefined };
}

/** The reason why a replica waits, in a sentence for its operator. */
export function whyItWaits({ leaving, blocked, role }: ReplicaStatus, { stopping, failed }: Phase): string | undefined {
  if (failed) return undefined;
  if (stopping) return leaving;
  return blocked ?? (role === 'promoting' ? 'becomes primary, and collects what others hold' : undefined);
}
