/** A replica as its operator sees it. */

import type { OrderNum, ReplicaId } from '../../model/ids.js';
import type { Member, Poisoned } from '../../model/record.js';

/** The part that a replica plays in its group. Only `replica/roles/become.ts` changes it. */
export type RoleName = 'starting' | 'joining' | 'backup' | 'promoting' | 'primary' | 'deposed';

/** A message that no replica processes any more. */
export type PoisonedMessage = Pick<Poisoned, 'method' | 'digest' | 'deaths'>;

/** What has made this replica differ from the primary more than once. */
export interface DivergingMethod {
  /** The method, or those of the orders between which the difference began; empty if that is not known. */
  readonly method: string;
  /** How often, since the process began. */
  readonly times: number;
}

/** The code and the settings of one replica of the group. */
export interface MemberStatus {
  readonly id: ReplicaId;
  /** The version of its code. */
  readonly version: string;
  /** The settings in which it differs from those in force. It applies its own when it becomes primary. */
  readonly waitsWith: readonly string[];
}

/** A copy of the service's state. */
export interface CopyStatus {
  readonly bytes: number;
  /** How long ago it was made or restored, in milliseconds. */
  readonly ageMs: number;
}

/** How long the parts of a promotion took, in milliseconds. What came before, to find the primary gone, takes a lease. */
export interface PromotionParts {
  /** Until the coordinator had made this replica the primary; 0 after a hand-over. */
  readonly claimMs: number;
  /** Until the others had told it what they hold of older terms; 0 after a hand-over. */
  readonly collectionMs: number;
  /** Until it had published how much of that is adopted, had processed it, and served. */
  readonly replayMs: number;
}

/**
 * A replica as an operator sees it: one consistent view, taken between two events. Numbers of orders are 0 before the
 * first.
 */
export interface ReplicaStatus {
  readonly group: string;
  readonly replica: Member;
  readonly role: RoleName;
  /** The newest term that this replica knows; 0 before it knows a record. */
  readonly term: number;
  /** The version of the record that this replica knows; 0 before it knows one. */
  readonly epoch: number;
  /** The primary that the record names; undefined before there is a record. */
  readonly primary: ReplicaId | undefined;
  /** The replicas that the record counts as complete. */
  readonly inSync: readonly Member[];
  /** The version of the service's code that this replica runs. */
  readonly version: string;
  /** The settings of the group that are in force, as JSON: those of the primary. Empty before there is a record. */
  readonly settings: string;
  /** What is known of this replica and of those that it has a link to: which code and which other settings they have. */
  readonly members: readonly MemberStatus[];
  /** This replica holds all orders up to this one with their bodies. */
  readonly heldUpTo: OrderNum;
  /** This replica has processed all orders up to this one. */
  readonly processedUpTo: OrderNum;
  /** As far as this replica knows, every in-sync replica holds all orders up to this one. */
  readonly stableUpTo: OrderNum;
  /** Digest of all outcomes up to `processedUpTo`, hexadecimal. */
  readonly digest: string;
  /**
   * The last order after which this replica's state was known to equal the primary's; on the primary, after which those of
   * all backups were. 0 before the first comparison, and where nothing is compared.
   */
  readonly statesEqualUpTo: OrderNum;
  /** Sessions of clients that this replica knows. */
  readonly sessions: number;
  /** Entries in the message log. */
  readonly logLength: number;
  /**
   * The log is kept from this order on so that replicas can join while streams are open; undefined if it need not be.
   */
  readonly base: OrderNum | undefined;
  /** Messages that this replica has received and that have no order yet. */
  readonly unordered: number;
  /**
   * Bodies that this replica refused because their orders name other ones: their clients sent different replicas
   * different messages under one number.
   */
  readonly refusedBodies: number;
  /** Bytes that this replica keeps for clients, as `budgets` counts them. */
  readonly keptBytes: number;
  /**
   * Errors that handlers and interceptors left to nobody, in a timer or a promise that nobody awaits, since this
   * process began. Each ended its call instead of the process.
   */
  readonly strayErrors: number;
  /** How often this process saw that a replica, this one or another, differs from the primary. */
  readonly divergences: number;
  /** The methods whose messages have made this replica differ more than once, until its process ends. Empty if none has. */
  readonly diverging: readonly DivergingMethod[];
  /** The last copy of the state that this process made for others, or restored; undefined before the first. */
  readonly lastCopy: CopyStatus | undefined;
  /** The last time that this process became primary in place of another one; undefined before the first. */
  readonly lastPromotion: PromotionParts | undefined;
  /** Replies that the primary may not release yet. */
  readonly waitingToRelease: number;
  /** Streaming calls whose handlers are still running. No checkpoint is taken before they have ended. */
  readonly openStreams: number;
  /** Calls whose handlers wait until other calls wake them, see `waitsForOthers`. The same holds for these. */
  readonly openWaits: number;
  /** Nested calls whose replies are not processed yet. No checkpoint is taken meanwhile. */
  readonly openNested: number;
  /** Timers that are armed and not due yet. */
  readonly timers: number;
  /**
   * Streaming calls that this replica keeps, including those that ended but whose clients have not taken every item.
   */
  readonly streams: number;
  /** How often clients reflected orders that no replica of the group had sealed for them, in this life. */
  readonly forgedOrders: number;
  /**
   * The messages that no replica processes any more, because primaries died of them (UNDERSTUDY_POISON). They are named
   * by method and digest, and how many primaries died. Empty if there is none.
   */
  readonly poisoned: readonly PoisonedMessage[];
  /**
   * Why this replica neither serves nor backs up, in a sentence that says what to do if that is not over soon; undefined
   * when it does.
   */
  readonly blocked: string | undefined;
  /**
   * What makes the group weaker than its replicas in sync suggest, in a sentence: a backup whose state is known to differ,
   * a primary without a backup although the group has other members, or one that no replica can join because streams have
   * been open for too long. Undefined if this replica knows of nothing.
   */
  readonly degraded: string | undefined;
  /** Why this replica goes on although it was told to stop, in a sentence; undefined unless it does. */
  readonly leaving: string | undefined;
  /** Why a change of the record is in flight that the coordinator has not confirmed; undefined if none is. */
  readonly recordChange: string | undefined;
}

/** What the adapter counts and measures over all lives of a process. It puts its own in place of these. */
export const NOT_MEASURED = {
  ...{ strayErrors: 0, divergences: 0, diverging: [] },
  ...{ lastCopy: undefined, lastPromotion: undefined },
} as const;

/** The part of a status that takes no time to tell, for those who look after every event. */
export interface ReplicaProgress
  extends Pick<
    ReplicaStatus,
    | 'replica'
    | 'role'
    | 'term'
    | 'epoch'
    | 'inSync'
    | 'heldUpTo'
    | 'processedUpTo'
    | 'stableUpTo'
    | 'sessions'
    | 'logLength'
    | 'base'
    | 'waitingToRelease'
    | 'openNested'
    | 'leaving'
  > {
  /** The digest as a number. */
  readonly digest: number;
}
