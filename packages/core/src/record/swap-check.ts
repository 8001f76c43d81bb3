/** Keeps coordinators from storing a record that could not be read back. */

import { UnderstudyError } from '../model/error.js';
import { type Epoch, next as following } from '../model/ids.js';
import type { GroupRecord } from '../model/record.js';
import { parseRecord } from './codec.js';

/**
 * Refuses a record that must not be stored, because its damage would show only when it is needed.
 *
 * @throws UNDERSTUDY_COORDINATOR: the caller has a defect, and a retry cannot help
 */
export function checkSwap(group: string, expected: Epoch, next: GroupRecord): void {
  if (next.epoch !== following(expected)) {
    const problem = `a record of epoch ${next.epoch} cannot follow epoch ${expected}; it must be one more`;
    throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem);
  }
  checkReadable(group, next);
}

/**
 * Refuses a record that could not be read back.
 *
 * @throws UNDERSTUDY_COORDINATOR as `checkSwap` does
 */
export function checkReadable(group: string, next: GroupRecord): void {
  try {
    parseRecord(next, group);
  } catch (cause) {
    const problem = `this record could not be read back, so it is not stored: ${(cause as Error).message}`;
    throw new UnderstudyError('UNDERSTUDY_COORDINATOR', problem, { cause });
  }
}
