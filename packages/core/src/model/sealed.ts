/** Announcements as clients carry them: only the replicas of the group can read them. */

import type { OrderNum, Term } from './ids.js';

/**
 * A run of announcements on its way over a client, which learns how many there are and nothing else. It is sealed for
 * one session: another session that reflects it, or one that alters it, is refused.
 */
export interface SealedOrders {
  /** The term of the primary that sealed it. */
  readonly term: Term;
  /** The places of its first and last announcement. There is no gap between them. */
  readonly first: OrderNum;
  readonly last: OrderNum;
  /** The announcements, encrypted and authenticated together with the other fields. */
  readonly box: Uint8Array;
}

/** How many announcements these are. */
export const countSealed = (sealed: readonly SealedOrders[]): number =>
  sealed.reduce((sum, { first, last }) => sum + last - first + 1, 0);
