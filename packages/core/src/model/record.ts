import type { Epoch, Incarnation, OrderNum, ReplicaId, Term } from './ids.js';

/** One replica in one life. */
export interface Member {
  readonly id: ReplicaId;
  readonly incarnation: Incarnation;
}

/** How far a promotion adopted what older terms had ordered; entries of older terms beyond it never happened. */
export interface Adoption {
  readonly term: Term;
  readonly through: OrderNum;
}

/**
 * The group's record, one key with its coordinator. It changes only by compare-and-swap on `epoch`.
 * Source: PacificA (MSR-TR-2008-25), 2.2: a configuration manager holds the replica set and its version.
 */
export interface GroupRecord {
  readonly version: 1;
  readonly group: string;
  /**
   * Names this history of orders: the incarnation that began it, with the group or by an operator's word. What other
   * services remember of an earlier one means nothing here.
   */
  readonly origin: Incarnation;
  readonly epoch: Epoch;
  readonly term: Term;
  readonly primary: Member;
  /** Hold everything that was released; only they may become primary. Contains the primary. */
  readonly inSync: readonly Member[];
  /** Where the group's replicas are reached, `host:port`, by replica id; those outside the in-sync set too. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Ascending by term; the last `ADOPTIONS_KEPT`. */
  readonly adoptedThrough: readonly Adoption[];
  /** An operator made this record: the designated replica is the truth, whatever others hold. */
  readonly forced: boolean;
}
