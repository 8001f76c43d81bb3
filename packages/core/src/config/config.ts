/** What is done about a reply whose order is not yet stable. */
export type Release = 'concurrent' | 'acknowledged';
export type Replication = 'semi-active' | 'passive';
/** FIG. 5: the primary announces to its own backups too; FIG. 6: only clients hear and reflect. */
export type Multicast = 'direct' | 'destination';
export type Ordering = 'reception';
/** How calls travel: as frames on one stream to each replica, or each as an ordinary RPC to the primary. */
export type Carrier = 'stream' | 'rpc';

export interface MethodConfig {
  /** `package.Service`, or empty for all. */
  readonly service: string;
  /** Empty: every method of the service. */
  readonly method: string;
  readonly readOnly: boolean;
  /** Its calls complete when they are accepted into the order ([0045]); the handler's answer is not sent. */
  readonly oneWay: boolean;
  readonly release: Release | undefined;
}

/** What holds for one method. */
export type MethodSettings = Pick<MethodConfig, 'readOnly' | 'oneWay'> & { readonly release: Release };

/**
 * The `understudy` entry of `loadBalancingConfig`, checked and with defaults filled in. Users write it as `GroupSettings`,
 * with the same fields. Names of times end in `Ms`: milliseconds, whole numbers.
 */
export interface GroupConfig {
  /** The group's name, 1 to 255 characters; the same for all its replicas and clients. Required. */
  readonly group: string;
  /**
   * What backups do with a call. `semi-active`: they run its handler in the same order, so that a successor goes on at once.
   * `passive`: they keep the call, and a successor replays what came after its last checkpoint. Default `semi-active`.
   */
  readonly replication: Replication;
  /**
   * How backups learn the order. `direct`: the primary tells them. `destination`: the primary tells only its clients, which
   * pass it on with their next message. Default `direct`.
   */
  readonly multicast: Multicast;
  /**
   * When a reply leaves the primary. `concurrent`: at once; a call is lost only if the primary dies together with the client
   * that made it. `acknowledged`: when every backup in sync has its order; nothing is lost whatever clients do, and a call
   * takes a round trip longer. Default `concurrent`.
   */
  readonly release: Release;
  /** Who is served first. `reception`, the default and the only one yet: calls are ordered as they arrive. */
  readonly ordering: Ordering;
  /**
   * How a client's calls travel. `stream`: as frames on one stream to each replica, which costs far less. `rpc`: each as an
   * RPC of its own to the primary, for proxies and tools that must see calls. A client may choose for itself. Default
   * `stream`.
   */
  readonly carrier: Carrier;
  /**
   * Announcements that wait for a message to travel with. One more, and they leave in a message of their own (FIG. 7).
   * 1 to 65,536. Default 64.
   */
  readonly pendingSourceOrderMax: number;
  /**
   * A primary that a backup has not heard for so long is replaced, and one that hears no backup for so long stops answering.
   * Shorter: faster failover, but a pause of the process (a garbage collection, a busy machine) costs its role.
   * 20 to 20,000. Default 300.
   */
  readonly leaseMs: number;
  /**
   * A client that replicas have not heard for so long is not relied on to still have its calls. At least `leaseMs`, up to
   * 600,000. Default: three times `leaseMs`.
   */
  readonly sessionMs: number;
  /**
   * Replies to a silent client are kept for so long, so that its retries get them and take effect once. At least
   * `sessionMs`, up to a week. Default 60,000, or `sessionMs` if that is more.
   */
  readonly sessionExpiryMs: number;
  /**
   * With `multicast: 'destination'`: announcements that no message comes to carry leave by themselves after so long.
   * 1 to 10,000. Default 20.
   */
  readonly nullMessageMs: number;
  /**
   * Bodies and announcements that no reply waits for gather for so long before they go to the backups, many in one message.
   * Until then only the primary and the clients have them. 0: they leave at the end of the event-loop turn. 0 to 100.
   * Default 1.
   */
  readonly batchMs: number;
  /** A handler that runs for longer is not waited for: the group goes on without its reply. 10 to 3,600,000. Default 5,000. */
  readonly stallMs: number;
  /**
   * A passive group takes a checkpoint of the state after so many calls. Fewer: a shorter replay, and more copies.
   * 1 to 1,000,000. Default 4,096.
   */
  readonly checkpointEvery: number;
  /**
   * A passive group cannot copy its state while streams are open. When a successor would have so many messages to replay, or
   * so many KiB of them, the primary ends its streams (UNDERSTUDY_BACKLOG); from half of that on new ones may have to wait a
   * moment. 1 to 100,000,000. Default 262,144.
   */
  readonly backlogMax: number;
  /**
   * The primary orders nothing more while so many orders are not yet held by all backups in sync. 1 to 1,000,000.
   * Default 4,096.
   */
  readonly unstableMax: number;
  /**
   * When so many calls wait to be ordered, clients are paused, and calls without our interceptor are refused with
   * UNDERSTUDY_OVERLOADED. 1 to 1,000,000. Default 16,384.
   */
  readonly queueMax: number;
  /** Clients that may be connected at once; one more is refused with UNDERSTUDY_OVERLOADED. 1 to 65,536. Default 1,024. */
  readonly sessionsMax: number;
  /** Settings of single methods. Default: none. */
  readonly methods: readonly MethodConfig[];
}
