/** The settings of a group as users write them. */

import type { Budgets, GroupConfig, Ordering, Release } from './config.js';

/**
 * A gRPC service config with a group's settings, as given to servers and clients. All other fields, such as
 * `methodConfig`, are gRPC's own.
 *
 * @example
 * const serviceConfig: UnderstudyServiceConfig = {
 *   loadBalancingConfig: [{ understudy: { group: 'bank', leaseMs: 300 } }],
 * };
 */
export interface UnderstudyServiceConfig {
  /** Exactly one entry is `{ understudy: settings }`. Others are for clients that do not know this policy. */
  readonly loadBalancingConfig: readonly ({ readonly understudy: GroupSettings } | Readonly<Record<string, object>>)[];
  readonly [field: string]: unknown;
}

/**
 * The settings of a group. Those of the primary are in force; a replica that was given others follows them until it is
 * primary itself, so they can be changed by restarting one replica after the other. A client follows the group's, but for
 * `carrier`. Only the name is required.
 */
export interface GroupSettings extends Partial<Omit<GroupConfig, 'group' | 'methods' | 'budgets' | 'unreplicated'>> {
  /** The group's name, 1 to 255 characters. All its replicas and clients use the same. @example 'bank' */
  readonly group: string;
  /**
   * Settings of single methods. If several entries fit a method, only the most specific one applies. Default: none.
   *
   * @example [{ name: [{ service: 'bank.v1.Bank', method: 'GetBalance' }], readOnly: true }]
   */
  readonly methods?: readonly MethodEntry[];
  /**
   * How many bytes a replica keeps for clients. Default: each budget has its own.
   *
   * @example { totalBytes: 128 * 1024 * 1024 }
   */
  readonly budgets?: Partial<Budgets>;
}

/**
 * Settings of some methods.
 *
 * @example
 * { name: [{ service: 'bank.v1.Bank', method: 'GetBalance' }], readOnly: true }
 */
export interface MethodEntry {
  /**
   * The methods, as in gRPC's `methodConfig`: an entry without `method` means all methods of the service, one without
   * `service` all methods of the server.
   */
  readonly name: readonly { readonly service?: string; readonly method?: string }[];
  /**
   * Says that the methods change no state. Their calls have no place in the order, and only the primary runs them, unless
   * `readFrom` says otherwise. If such a method does change state, the replicas differ. Default: false.
   */
  readonly readOnly?: boolean;
  /**
   * Who runs calls of read-only methods. With `backup` the backups do, in turn, so that their processors carry reads: a
   * session still reads what it wrote itself and never goes back in time, but what others wrote may be missing for a moment,
   * `staleMs` at most. The answer's trailer `understudy-order-num` says which order it reflects. A client without our
   * interceptor asks whichever backup it calls, and may read less than it wrote. Passive groups and groups without a backup in
   * sync read from the primary all the same. Default: `primary`.
   */
  readonly readFrom?: 'primary' | 'backup';
  /**
   * Calls complete as soon as they have their place in the order; the handler's answer is not sent. Callers get a message
   * without bytes, which every protobuf type reads as its defaults; a serializer of your own must read that, too. Cannot be
   * combined with `readOnly`. Callers do not learn what the handler answers, an error included. Default: false.
   */
  readonly oneWay?: boolean;
  /**
   * Says that handlers of these methods may wait until a later call wakes them: a long poll, a lock, a barrier. The group
   * goes on as soon as such a handler has nothing more to do, and its end belongs to the call that wakes it. The handler
   * is told `cancelled` when its caller gives up or its deadline passes. Without this setting the group waits for every
   * handler, `stallMs` at most. Cannot be combined with `readOnly`. Default: false.
   */
  readonly waitsForOthers?: boolean;
  /**
   * When replies may leave the primary. `acknowledged` costs these methods a round trip to the backups, and spares them what
   * `concurrent` leaves open. Default: the group's `release`.
   */
  readonly release?: Release;
  /**
   * Which of the methods' unary calls is ordered next. Calls of several criteria take turns. Default: the group's
   * `ordering`.
   */
  readonly ordering?: Ordering;
  /**
   * With the criterion `priority`: calls of a higher one are ordered first. -1,000 to 1,000. Default: 0.
   *
   * @unit steps, see `ageingMs`
   */
  readonly priority?: number;
}
