/** A group's configuration, complete: every setting with its meaning, unit, range and default. */

/** When a reply may leave the primary although its order is not stable; see `GroupConfig.release`. */
export type Release = 'concurrent' | 'acknowledged';
/** The work of backups; see `GroupConfig.replication`. */
export type Replication = 'semi-active' | 'passive';
/**
 * How backups learn the order. `direct` (FIG. 5): the primary announces to its own backups too. `destination` (FIG. 6):
 * only clients hear of the order, and reflect it. See `GroupConfig.multicast`.
 */
export type Multicast = 'direct' | 'destination';
/** Which of the waiting calls is ordered next; see `GroupConfig.ordering`. */
export type Ordering = 'reception' | 'sequence' | 'priority' | 'deadline' | 'fair' | 'resource' | 'custom';
/**
 * How calls travel: as frames on one link to each replica, or each as an ordinary RPC to the primary. See
 * `GroupConfig.carrier`.
 */
export type Carrier = 'stream' | 'rpc';

/** The replicas that run the read-only calls of a method. */
export type ReadFrom = 'primary' | 'backup';

/** The settings of one entry of `methods`, checked. */
export interface MethodConfig {
  /** `package.Service`; empty for all services. */
  readonly service: string;
  /** The method's name; empty for all methods of the service. */
  readonly method: string;
  /** Calls change no state and have no place in the order. */
  readonly readOnly: boolean;
  /** The replicas that run read-only calls; absent if that is the primary. */
  readonly readFrom?: 'backup' | undefined;
  /** Calls complete when they are accepted into the order ([0045]); the handler's answer is not sent. */
  readonly oneWay: boolean;
  /** Handlers may wait until a later call wakes them; the group goes on meanwhile. */
  readonly waitsForOthers: boolean;
  /** When replies may leave; undefined for the group's setting. */
  readonly release: Release | undefined;
  /** Which of the method's unary calls is ordered next; undefined for the group's criterion. */
  readonly ordering?: Ordering | undefined;
  /** With the criterion `priority`: a call of a higher one is ordered first. -1,000 to 1,000. Default: 0. */
  readonly priority?: number;
}

/** The settings that apply to one method. */
export type MethodSettings = Pick<MethodConfig, 'readOnly' | 'oneWay' | 'waitsForOthers'> & {
  readonly release: Release;
  readonly readFrom: ReadFrom;
};

/** How the calls of one method are ordered. */
export type MethodOrdering = Required<Pick<MethodConfig, 'priority'>> & { readonly ordering: Ordering };

/**
 * How many bytes a replica keeps for its clients. What is over is refused at once with UNDERSTUDY_OVERLOADED, a
 * RESOURCE_EXHAUSTED whose text names the budget. Clients that are within their own budgets go on, unless the one for all
 * is used up. Each thing counts with its payload and 256 bytes.
 *
 * @example
 * { sessionBytes: 16 * 1024 * 1024, totalBytes: 128 * 1024 * 1024 }
 */
export interface Budgets {
  /**
   * What is kept for one client: requests without an order, replies that it has not acknowledged, stream items that it
   * has not taken. At twice as much its link is ended too. Clients stay below it by themselves: what
   * is too much waits there. One request may have 1.25 times as much. Raise it for large messages on fast links, lower it
   * where memory is scarce. 65,536 to 2^40 bytes. Default: 134,217,728 (128 MiB).
   */
  readonly sessionBytes: number;
  /**
   * The same for all clients together. From half of it on, one address may hold no more than half, and what is kept for
   * clients that are gone is freed after `sessionMs`. Calls without a session may hold half of it, and those of one address a
   * quarter. A client for which next to nothing is kept (`totalBytes` divided by four times `sessionsMax`, 128 KiB) is
   * always served, unless its call is of a method that gives large replies. Lower it where memory is scarce: a replica
   * takes up to four times as much. 65,536 to 2^40 bytes. Default: 536,870,912 (512 MiB).
   */
  readonly totalBytes: number;
  /**
   * Replies to idempotency keys and to calls of other groups, each. Beyond it the oldest ones are freed, on every
   * replica at the same place in the order. Raise it where callers try again late, or a retry may find its reply gone and be
   * done again. 65,536 to 2^40 bytes. Default: 67,108,864 (64 MiB).
   */
  readonly keyedBytes: number;
}

/**
 * The `understudy` entry of `loadBalancingConfig`, checked and with defaults filled in. Users write it as
 * `GroupSettings`, with the same fields. Settings whose names end in `Ms` are whole numbers of milliseconds.
 */
export interface GroupConfig {
  /** The group's name, 1 to 255 characters. All its replicas and clients use the same. Required. */
  readonly group: string;
  /**
   * What backups do with a call. `semi-active`: they run its handler in the same order, so that a successor can go on
   * at once. `passive`: they only keep the call, and a successor replays what came after the last checkpoint. Default:
   * `semi-active`.
   */
  readonly replication: Replication;
  /**
   * How backups learn the order. `direct`: the primary tells them. `destination`: the primary tells only its clients,
   * which pass the order on with their next message. Default: `direct`.
   */
  readonly multicast: Multicast;
  /**
   * When a reply leaves the primary. `concurrent`: at once; a call is lost only if the primary dies together with the
   * client that made it. `acknowledged`: when every in-sync backup has its order; then nothing is lost whatever clients
   * do, but a call takes one round trip longer. Default: `concurrent`.
   */
  readonly release: Release;
  /**
   * Which of the waiting calls the primary orders next; backups follow the order that it announces. Default:
   * `reception`.
   *
   * - `reception`: as they arrive.
   * - `sequence`: each client's calls in the order in which it made them, even where interceptors delay some.
   * - `priority`: the one of the highest priority (`priority` of the method, or the metadata `priorityKey`).
   * - `deadline`: the one whose deadline is earliest. A call without one counts as due a minute after it came.
   * - `fair`: clients take turns, with as many calls a round as they have weight (`weights`).
   * - `resource`: the first one that the replica's option `admits` lets run.
   * - `custom`: the one that the replica's option `compares` puts first.
   *
   * With `priority` and `deadline` a call that waits grows more urgent than those that come later, so none starves. With
   * `custom` and `resource` see to it yourself: a call that `compares` puts behind all others, or that `admits` never lets
   * run, waits as long as others come. Compare by when a call came, or by its deadline, where that must not be. Messages of
   * one stream keep their sequence whatever the criterion.
   */
  readonly ordering: Ordering;
  /**
   * With `priority`: how many milliseconds of waiting weigh as much as one step of priority. Lower it if calls of low priority
   * wait too long; a higher one keeps them back for longer. 1 to 3,600,000. Default: 1,000.
   */
  readonly ageingMs: number;
  /**
   * With `priority`: the metadata key whose whole number is the call's priority, -9,999 to 9,999. Calls without it have
   * their method's. Default: none.
   *
   * @example
   * 'x-priority'
   */
  readonly priorityKey: string;
  /**
   * With `fair`: how many calls a round a client has, by the name that it proved to be (see security.md). Raise it for a client
   * that should get more than its equal share; all others then wait longer. 0.01 to 1,000. Default: 1 each.
   *
   * @unit calls a round
   *
   * @example
   * { 'billing.internal': 4 }
   */
  readonly weights: Readonly<Record<string, number>>;
  /**
   * How a client's calls travel. `stream`: as frames on one link to each replica, which costs far less. `rpc`: each as
   * an RPC of its own to the primary, for proxies and tools that must see calls. Each client may choose for itself.
   * Default: `stream`.
   */
  readonly carrier: Carrier;
  /**
   * How many announcements may wait for a message to travel with. If there is one more, they leave in a message of
   * their own (FIG. 7). A higher number saves messages; a lower one makes orders stable sooner. 1 to 65,536. Default: 64.
   *
   * @unit announcements
   */
  readonly pendingSourceOrderMax: number;
  /**
   * A backup that has not heard from the primary for this long takes over, and a primary that has not heard from a
   * backup for this long stops answering. A shorter lease makes failover faster, but then a busy machine may cost the
   * primary its role; a blocked event loop does not, unless heartbeats are left to it (`livenessAddress: false`). 20 to
   * 20,000. Default: 200.
   */
  readonly leaseMs: number;
  /**
   * After this long without hearing from a client, replicas no longer rely on it to keep its calls. A failover waits up to
   * this long for a client that died too, so a longer time makes such failovers slower; with a shorter one a client that
   * only paused counts as gone. At least `leaseMs`, up to 600,000. Default: three times `leaseMs`.
   */
  readonly sessionMs: number;
  /**
   * How long replies to a silent client are kept, so that its retries get them and take effect once. They cost memory
   * meanwhile. Raise it for clients that sleep, such as laptops. At least `sessionMs`, up to 604,800,000 (a week). Default: 60,000, or `sessionMs` if that is more.
   */
  readonly sessionExpiryMs: number;
  /**
   * With `multicast: 'destination'`: how long announcements wait for a message to travel with before they leave by
   * themselves. A shorter time costs messages while clients are idle, and makes orders stable sooner. 1 to 10,000.
   * Default: 20.
   */
  readonly nullMessageMs: number;
  /**
   * How long bodies and announcements that no reply waits for gather before they go to the backups, many in one
   * message. Until then only the primary and the clients have them. 0 means that they leave at the end of the
   * event-loop turn, in more messages. 0 to 100. Default: 1.
   */
  readonly batchMs: number;
  /**
   * How long the group waits for a handler to end. If it runs longer, the group goes on without its reply; if it blocks
   * the event loop longer, its process ends and others take over. For that the longest of `stallMs`, a second and three
   * leases counts. Raise it for handlers that take longer; the group then stands still for longer when one hangs. 10 to
   * 3,600,000. Default: 5,000.
   */
  readonly stallMs: number;
  /**
   * A replica that is not in sync and that the primary has not reached for this long leaves the record, and nobody dials
   * it any more. It joins again when it starts again. Raise it where machines are away for long and keep their addresses; each
   * is dialled in vain meanwhile. 1,000 to 604,800,000 (a week). Default: 600,000 (ten minutes).
   */
  readonly forgetMs: number;
  /**
   * How long `checkpoint()` or `restore()` may keep a replica from answering without costing it its role. The replica
   * announces it before it begins. If its machine fails just then, the others wait so long before they take over; if only
   * its process fails, they do not. Raise it for a state that takes longer to copy. 0 to 600,000. Default: 10,000.
   */
  readonly copyMs: number;
  /**
   * A backup answers reads (`readFrom`) only while it heard from the primary at most this long ago, and only if it can within
   * this time; else the primary answers. So this is how much older than the primary's an answer can be, beside what its way
   * takes. A main link that has nothing to say is heard once a second. Lower it for fresher answers; the primary then gives
   * more of them. 100 to 600,000. Default: 2,000.
   *
   * @unit ms
   */
  readonly staleMs: number;
  /**
   * A message during whose processing this many primaries died is not processed again: its caller gets INTERNAL with the
   * code UNDERSTUDY_POISON, and the status names it. With 1 the calls that were under way when a primary died are
   * refused at once, so that not even a group of two is lost to one of them. A
   * higher number spares calls that happened to be under way when replicas died of something else, and costs as many
   * replicas. 1 to 100. Default: 2.
   *
   * @unit deaths
   */
  readonly poisonAfter: number;
  /**
   * A passive group takes a checkpoint of its state after this many calls. A lower number makes the replay after a
   * failover shorter, and copies more frequent. 1 to 1,000,000. Default: 4,096.
   *
   * @unit calls
   */
  readonly checkpointEvery: number;
  /**
   * After so many orders the replicas of a semi-active group compare digests of their states, and after ten seconds if
   * fewer came. One that differs says so and restores the primary's state, as `canonical` of the state says. Nothing is
   * processed while `checkpoint()` copies the state for that. It takes at most 1/200 of the time whatever is set here, so a
   * large state is compared less often. Where nothing is set here, a state of more than 16 MiB, or whose copies take more than
   * 100 ms, is not compared at all, and the log says so. 0 turns it off. 0 to 1,000,000. Default: 1,024.
   *
   * @unit orders
   */
  readonly stateDigestEvery: number | undefined;
  /**
   * The bound of a passive group's backlog: how many messages a successor would have to replay, and how many KiB of
   * them. A passive group cannot copy its state while streams are open, so at this bound the primary ends its streams
   * (UNDERSTUDY_BACKLOG). From half of it on, new streams may have to wait a moment. A higher number costs memory, and a
   * longer replay after a failover. 1 to 100,000,000. Default: 262,144.
   *
   * @unit messages, and KiB
   */
  readonly backlogMax: number;
  /**
   * The primary orders nothing more while this many orders are not held by all in-sync backups. It bounds what a slow
   * backup costs in memory; a lower number makes the group wait for it sooner. 1 to 1,000,000. Default: 4,096.
   *
   * @unit orders
   */
  readonly unstableMax: number;
  /**
   * When this many calls wait to be ordered, clients are paused, and calls of plain clients are refused with
   * UNDERSTUDY_OVERLOADED. With the criteria `priority`, `deadline`, `fair` and `custom` that is the plain call whose turn
   * would come last, though it may wait already; with the others it is the newcomer. A longer queue refuses less and lets
   * calls wait longer. 1 to 1,000,000. Default: 16,384.
   *
   * @unit calls
   */
  readonly queueMax: number;
  /**
   * How many clients may be connected at once. One more is refused with UNDERSTUDY_OVERLOADED. Each costs a link to
   * every replica, and memory: raise it where more clients come, together with `budgets.totalBytes`. 1 to 65,536.
   * Default: 1,024.
   *
   * @unit clients
   */
  readonly sessionsMax: number;
  /** How many bytes a replica keeps for clients. Default: see `Budgets`. */
  readonly budgets: Budgets;
  /** Settings of single methods. Default: none, so the group's settings apply to all. */
  readonly methods: readonly MethodConfig[];
  /** Services that the replicas do not replicate, as the server's options name them. Default: none. */
  readonly unreplicated: readonly string[];
}
