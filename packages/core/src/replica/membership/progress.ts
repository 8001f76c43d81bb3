/** The consequences, at a primary, of orders becoming stable. */

import { releaseCheckpoint } from '../checkpoint/checkpoints.js';
import { truncateLog } from '../checkpoint/log-bounds.js';
import { sendDue } from '../nested/nested.js';
import { advanceStable } from '../order/stable.js';
import { releaseWaiting } from '../release/replies.js';
import type { PrimaryState } from '../state/primary-state.js';

/**
 * Acknowledgments, registrations or the set changed: orders may have become stable, so replies, nested calls and a
 * checkpoint may leave.
 */
export function progress(p: PrimaryState): void {
  const { r } = p;
  advanceStable(p);
  releaseWaiting(p);
  sendDue(p);
  releaseCheckpoint(p);
  truncateLog(r);
}
