/** The duties that a replica's core gives its liveness thread, and the thread's reports. */

import type { Term } from '../../model/ids.js';
import type { Member } from '../../model/record.js';

/**
 * The liveness thread's duty for this replica, even while its main thread is blocked: to acknowledge the heartbeats of
 * the primary of that term, or to send heartbeats as that primary.
 */
export type Duty =
  | { readonly kind: 'none' }
  | { readonly kind: 'follow'; readonly term: Term }
  | { readonly kind: 'lead'; readonly term: Term };

export const NO_DUTY: Duty = { kind: 'none' };

/** The answers that a primary's liveness thread got from that of a peer. Times are by the primary's clock. */
export interface HeardPeer {
  readonly member: Member;
  /** When its thread last answered. */
  readonly answeredMs: number;
  /** When the newest heartbeat that it acknowledged was sent; undefined if it acknowledged none in this term. */
  readonly ackedMs?: number;
}
