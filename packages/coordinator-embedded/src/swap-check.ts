import { type Epoch, next as following, type GroupRecord, parseRecord } from '@understudy/core';
import { coordinatorError } from './failure.js';

/**
 * Refuses a record that must never be stored: it would only be found to be damaged when it is needed.
 *
 * @throws UNDERSTUDY_COORDINATOR: the caller has a defect; there is nothing to retry
 */
export function checkSwap(group: string, expected: Epoch, next: GroupRecord): void {
  if (next.epoch !== following(expected)) {
    throw coordinatorError(`a record of epoch ${next.epoch} cannot follow epoch ${expected}; it must be one more`);
  }
  try {
    parseRecord(next, group);
  } catch (cause) {
    throw coordinatorError(`a record that nobody could read is not stored: ${(cause as Error).message}`, cause);
  }
}
