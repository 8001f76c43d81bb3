/**
 * Calls whose handlers wait until other calls wake them: long polls, locks, barriers (DESIGN 5.9).
 *
 * Such a handler holds nobody up. It counts as one that stays, like a stream's: a checkpoint cannot include its local
 * variables, so a replica that joins meanwhile starts from an older one.
 */

import type { MessageName } from '../../connection/callers.js';
import type { CancelOrder } from '../../model/order-info.js';
import type { ReplicaState } from '../state/replica-state.js';

/** A handler begins to wait for other calls. */
export function beginWait(r: ReplicaState): void {
  r.openWaits++;
  r.openStreams++;
  r.hadStreams = true;
}

/** A handler that waited for other calls has ended. */
export function endWait(r: ReplicaState): void {
  r.openWaits--;
  r.openStreams--;
}

/** The unary call whose handler a cancellation is for; undefined if it is for a stream. */
export const nameOfWait = ({ connection, stream }: CancelOrder): MessageName => ({ connection, seqNum: stream });
