/** A group's record: who is primary, who is in sync, and how far each promotion adopted. */

import type { Epoch, Incarnation, OrderNum, ReplicaId, Term } from './ids.js';

/** A replica in one life. A replica that lost its state is another member under the same id. */
export interface Member {
  readonly id: ReplicaId;
  readonly incarnation: Incarnation;
}

/** How far a promotion adopted the orders of older terms. Those beyond `through` never happened. */
export interface Adoption {
  /** The term to which the replica was promoted. */
  readonly term: Term;
  /** The last order of older terms that it adopted; 0 if none. */
  readonly through: OrderNum;
}

/** A message that a primary may have been processing when it died. */
export interface Suspect {
  /**
   * Names what the handler did, the same on every replica: by its method and a digest of its bytes where it has any. `*`
   * stands for all that the list had no room for.
   */
  readonly message: string;
  /** How many primaries died while they may have been processing it. */
  readonly deaths: number;
}

/** A message that no replica processes any more, because primaries died of it. */
export interface Poisoned {
  /** Its place in the order, which every replica passes over, and the term of that order; 0 if it has none. */
  readonly orderNum: OrderNum;
  readonly term: number;
  readonly deaths: number;
  /** The method whose handler it was for: `/package.Service/Method`; empty if that is not known. */
  readonly method: string;
  /** A digest of the method and the message's bytes, hexadecimal. */
  readonly digest: string;
  /** Until then another call with the same method and bytes is refused, too: milliseconds since 1970. */
  readonly refusedUntilMs: number;
}

/** What is known of the deaths of primaries, and of the messages that may be their cause (DESIGN 5.14). */
export interface Deaths {
  /** Whether a primary fell silent, and what it was processing has not been judged yet. */
  readonly unjudged: boolean;
  /** How many primaries died one soon after the other without a message that explains it. */
  readonly unexplained: number;
  /**
   * Until this time, in milliseconds since 1970, the primary starts suspects, calls without a session and later steps
   * of handlers with care.
   */
  readonly careUntilMs: number;
  /** At most 129. */
  readonly suspects: readonly Suspect[];
  /** At most 64, the oldest first. */
  readonly poisoned: readonly Poisoned[];
}

/**
 * The code that gave the orders from one term on: its version on the primary, and whether backups ran it too. A replica
 * executes only orders that a primary with its own code gave for execution.
 */
export interface TermCode {
  /** The first of these terms. */
  readonly term: Term;
  /** The version of the service's code. */
  readonly version: string;
  /** Whether backups executed the orders (`semi-active`) or only kept them (`passive`). */
  readonly replication: 'semi-active' | 'passive';
}

/** What a primary brings into its term: its settings, and the code with which it orders. */
export interface Leadership {
  /** Its settings as text, see `GroupRecord.settings`. */
  readonly settings: string;
  readonly version: string;
  readonly replication: TermCode['replication'];
}

/**
 * The record of a group, kept by its coordinator. It changes only by compare-and-swap on `epoch`. Source: PacificA
 * (MSR-TR-2008-25), 2.2: a configuration manager holds the replica set and its version.
 */
export interface GroupRecord {
  /** The version of this format. */
  readonly version: 1;
  readonly group: string;
  /**
   * Names this history of orders: the incarnation that began it, when the group was created or when an operator forced
   * the record. Other services must not confuse its calls with those of an earlier history.
   */
  readonly origin: Incarnation;
  /**
   * Drawn at random when the group was created. Keys by which replicas seal orders for clients are derived from it. No
   * log and no status shows it.
   */
  readonly secret: string;
  readonly epoch: Epoch;
  readonly term: Term;
  readonly primary: Member;
  /** The replicas that hold everything that was released, including the primary. Only they may become primary. */
  readonly inSync: readonly Member[];
  /** The addresses of the replicas, `host:port` by replica id, including those outside the in-sync set. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Where the other replicas reach those that have a listener of its own for them. Absent if none has. */
  readonly peerAddresses?: Readonly<Record<string, string>>;
  /** The last 32 adoptions, ascending by term. */
  readonly adoptedThrough: readonly Adoption[];
  /** The settings in force in this term, as JSON text: those of the primary. */
  readonly settings: string;
  /** The code of the present term and of earlier ones, ascending by term, an entry only where it changed: the last 32. */
  readonly code: readonly TermCode[];
  /** Whether an operator forced this record: the primary decides what the history is, whatever others hold. */
  readonly forced: boolean;
  /**
   * Whether the last replica in sync stopped and left no successor. Its state went with it, as its user wanted, so the
   * next replica that starts may begin a new history.
   */
  readonly ended: boolean;
  /** Absent if no primary has died, or what it died of is not under suspicion any more. */
  readonly deaths?: Deaths;
}
