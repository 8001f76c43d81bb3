import type { GroupRecord } from '@understudy/core';
import type { History } from '../checks/history.js';
import type { Watch } from '../checks/watch.js';
import type { Plan } from '../plan/plan.js';

/** The parts of the world that are checked when it stands still. */
export interface SafetyWorld {
  readonly plan: Plan;
  readonly coordinator: { readonly record: GroupRecord | undefined };
  readonly watch: Pick<Watch, 'compareAll'>;
  readonly history: Pick<History, 'judge' | 'noteRefused'>;
}

/**
 * Checks the promises while the world stands still in the middle of everything: whatever the group has answered so far
 * must be true already.
 */
export function checkSafety({ coordinator, watch, history, plan }: SafetyWorld): void {
  if (coordinator.record !== undefined) watch.compareAll(coordinator.record);
  history.noteRefused(coordinator.record?.deaths?.poisoned);
  history.judge(plan.workload, plan.config.release === 'concurrent');
}
