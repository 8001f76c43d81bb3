/** The user's state of a replica that follows by checkpoints: it is restored when the replica is to execute. */

import { assert } from '../../model/assert.js';
import type { ReplicaState } from '../state/replica-state.js';
import { sayBusy } from './busy.js';
import { comparesStates } from './digests.js';

/**
 * Restores the checkpoint that stands for everything up to `processedUpTo`. Peers are told first, because the user's
 * function may block this process.
 */
export function restoreBehind(r: ReplicaState): void {
  const { checkpoint } = r;
  assert(checkpoint?.orderNum === r.order.processedUpTo, () => `no checkpoint of order ${r.order.processedUpTo}`);
  r.stateBehind = false;
  r.stateBusy = 'restore';
  r.states.received(checkpoint.state.reduce((sum, chunk) => sum + chunk.length, 0));
  r.effects.push({
    kind: 'restoreState',
    state: checkpoint.state,
    told: sayBusy(r),
    verifies: r.role.verifiesRestore && comparesStates(r),
  });
}
