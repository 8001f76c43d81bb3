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
  /** Its calls complete when they are accepted into the order ([0045]); what the handler answers is not sent. */
  readonly oneWay: boolean;
  readonly release: Release | undefined;
}

/** What holds for one method. */
export type MethodSettings = Pick<MethodConfig, 'readOnly' | 'oneWay'> & { readonly release: Release };

/** The `understudy` entry of `loadBalancingConfig`, checked and with defaults filled in. Times in milliseconds. */
export interface GroupConfig {
  readonly group: string;
  readonly replication: Replication;
  readonly multicast: Multicast;
  readonly release: Release;
  readonly ordering: Ordering;
  readonly carrier: Carrier;
  /** More pending announcements than this leave in a null message (FIG. 7). */
  readonly pendingSourceOrderMax: number;
  readonly leaseMs: number;
  /** How long a session that went silent is relied on. Default: three leases. */
  readonly sessionMs: number;
  /** How long the records of a silent session are kept. */
  readonly sessionExpiryMs: number;
  /** How long announcements wait for a message to travel with. */
  readonly nullMessageMs: number;
  /**
   * How long bodies and announcements that no reply waits for may gather before they go to the backups; 0: they leave
   * with their turn. Until then only the primary and the clients hold them.
   */
  readonly batchMs: number;
  /** How long a handler may run before the group goes on without its reply. */
  readonly stallMs: number;
  /** Orders between two checkpoints of a passive group. */
  readonly checkpointEvery: number;
  /**
   * A passive group cannot copy its state while streams are open. When it has this many orders to replay, or so many KiB
   * of their messages, it ends them (UNDERSTUDY_BACKLOG); from half of that on, new ones may have to wait a moment.
   */
  readonly backlogMax: number;
  /** The primary stops ordering when this many orders are not stable. */
  readonly unstableMax: number;
  /** Requests that may wait to be ordered before senders are paused. */
  readonly queueMax: number;
  readonly sessionsMax: number;
  readonly methods: readonly MethodConfig[];
}
