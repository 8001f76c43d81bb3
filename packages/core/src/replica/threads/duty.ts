/** What a replica's core and its liveness thread have to do with each other. */

import type { Term } from '../../model/ids.js';
import type { Member } from '../../model/record.js';

/**
 * What the liveness thread does for this replica, even while its main thread is blocked: acknowledge the heartbeats of
 * the primary of that term, or send heartbeats as that primary.
 */
export type Duty =
  | { readonly kind: 'none' }
  | { readonly kind: 'follow'; readonly term: Term }
  | { readonly kind: 'lead'; readonly term: Term };

export const NO_DUTY: Duty = { kind: 'none' };

/** What the liveness thread of a primary heard from that of a peer. Times are by the primary's clock. */
export interface HeardPeer {
  readonly member: Member;
  /** When its thread last answered. */
  readonly answeredMs: number;
  /** When the newest heartbeat that it acknowledged was sent; undefined if it acknowledged none in this term. */
  readonly ackedMs?: number;
}
