/** What a replica's adapter gives to its core. */

import type { GroupConfig } from '../../config/config.js';
import type { CopyCost, OnOtherState } from '../../model/digest.js';
import type { Outcome } from '../../model/outcome.js';
import type { DigestBody, OrderClock, OrderSeal, RunningDigest, WallClock } from '../../model/ports.js';
import type { Member } from '../../model/record.js';
import type { UserCriteria } from '../../scheduling/criteria.js';

/** The identity of a replica and the configuration of its group. Fixed for one life. */
export interface ReplicaOptions {
  readonly member: Member;
  /** Where clients reach this replica, `host:port`. */
  readonly address: string;
  /** Where other replicas reach it, if that is another address. */
  readonly peerAddress?: string;
  /** This replica's own settings. Those of the group are in force only while it is primary. */
  readonly config: GroupConfig;
  /** The version of the service's code. Replicas of different versions never execute the same message. Default: ''. */
  readonly version?: string;
  /** The outcome of a call of a method that this replica does not have; undefined if it has it. Default: it has all. */
  readonly refusesMethod?: (method: string) => Outcome | undefined;
  /** Whether the user has server interceptors. If so, calls pass them before they are ordered. */
  readonly admits: boolean;
  readonly digestBody: DigestBody;
  /** Makes a digest of a copy of the state. */
  readonly newDigest: () => RunningDigest;
  /** About how many bytes a piece of a checkpoint has. Default: 131,072 (128 KiB). */
  readonly pieceBytes?: number;
  readonly seal: OrderSeal;
  /**
   * Whether the user's state is as the process began. Only such a replica may begin a new history when the last one was
   * ended: the state of any other is a part of the old history. Default: false.
   */
  readonly fresh?: boolean;
  /** Random text that nobody can guess. It becomes the secret of the group's record if this replica creates that. */
  readonly newSecret: string;
  /** Whether the service itself declares a method free of side effects; the settings may name more. Default: none. */
  readonly declaresReadOnly?: (method: string) => boolean;
  /** Asked for the time, by which callers' deadlines are told. */
  readonly wallClock: WallClock;
  /** The time of the orders that this replica gives, and of timers. A test may have another one. Default: the machine's. */
  readonly orderClock?: OrderClock;
  /** The timers that come again and again: the period of each in milliseconds, by name. Default: none. */
  readonly every?: ReadonlyMap<string, number>;
  /**
   * Whether handlers may arm timers whose functions are in no checkpoint. Then a copy of the state that was made for a
   * joiner is kept for a while, in case they do. Default: false.
   */
  readonly mayArm?: boolean;
  /** What this replica does about a state that differs from the primary's. Default: `restore`. */
  readonly onOtherState?: OnOtherState;
  /** What a first copy of the state cost. Default: nothing. */
  readonly copyCost?: CopyCost;
  /** What the criteria `resource` and `custom` ask the application. */
  readonly criteria?: UserCriteria;
  /** Whether a liveness thread carries out `delegate`. Default: no, and heartbeats are those of the main links. */
  readonly delegates?: boolean;
}
