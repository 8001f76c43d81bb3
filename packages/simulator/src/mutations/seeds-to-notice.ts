/** Where the lack of a rule shows: after so many seeds at most, in any run or in those that a drill leads there. */
export interface Notice {
  readonly seeds: number;
  /** undefined: runs as they are drawn. */
  readonly drill?: string;
}

/**
 * Seeds within which the simulator notices that a rule is missing: about three times as many as it took, since every new
 * kind of fault or call draws other runs.
 */
export const SEEDS_TO_NOTICE: Readonly<Record<string, Notice>> = {
  'delivery: a client that may have been given up does not deliver': { seeds: 700 },
  'stability: every in-sync backup holds the order': { seeds: 100 },
  'old and new set: a backup counts until its removal is certain': { seeds: 100 },
  'old and new set: a backup counts before its addition is certain': { seeds: 100 },
  'adoptedThrough: an order that no promotion adopted is discarded whenever it turns up': { seeds: 900 },
  'voiding: a call that the interceptors end is voided': { seeds: 100 },
  'refusal at a hole: a live client holds an order beyond it': { seeds: 100 },
  'closure of the piggyback: a reply carries all orders that are not stable': { seeds: 100 },
  'duplicate suppression: a request that comes again is not processed again': { seeds: 100 },
  'collection from peers: what only another backup holds is asked for': { seeds: 900 },
  'collection from sessions: what only a client holds is asked for': { seeds: 100 },
  'idempotency keys: a retry gets the first reply': { seeds: 100 },
  'idempotency keys: a key names one request': { seeds: 100 },
  'passive replication: the successor starts from the checkpoint': { seeds: 200 },
  'graceful close: a client waits until what it holds is stable': { seeds: 100 },
  'divergence: another digest is noticed': { seeds: 400 },
  'stalled handlers: the group goes on behind them': { seeds: 100 },
  'gaps: a backup asks for the body that it lacks': { seeds: 500 },
  'null messages by time': { seeds: 400 },
  'force: an operator may give up what is lost': { seeds: 600 },
  'bad input: a backup takes no order from a client where the primary announces itself': { seeds: 400 },
  'incarnations: a replica that was restarted is another member': { seeds: 100 },
  'delivery: counts from when the acknowledged heartbeat was sent': { seeds: 700 },
  'retention: a client tells a successor which orders it holds': { seeds: 100 },
  'recovery: messages that sessions wait for and that have no order are ordered afresh': { seeds: 100 },
  'joining: a replica enters only when it holds all that was released': { seeds: 600 },
  'joining: what an earlier start acknowledged counts for nothing': { seeds: 100 },
  'checkpoints: they hold the reply cache': { seeds: 900 },
  'checkpoints: they hold the replies to idempotency keys': { seeds: 600 },
  'registration: only sessions that every in-sync replica answers for get replies at once': {
    seeds: 100,
    drill: 'toldByClients',
  },
  'retention: a client keeps what it sent until its order is stable': { seeds: 100, drill: 'toldByClients' },
  'collection: a body that only its session has is asked for': { seeds: 100, drill: 'toldByClients' },
  'acknowledged: a reply leaves when its order is stable': { seeds: 100, drill: 'seenByReaders' },
  'reads: one that reflects what is not stable takes its order along': { seeds: 100, drill: 'seenByReaders' },
  'registration: what a backup says of its sessions begins anew with each stream': {
    seeds: 100,
    drill: 'givenUpUnheard',
  },
  'reflection: clients pass announcements on to the backups': { seeds: 100, drill: 'fairWeather' },
  'registration: a new primary hears again of sessions once it serves': { seeds: 600, drill: 'fairWeather' },
  'delivery: a reply asked for again leaves when its order is stable': { seeds: 300, drill: 'heldBack' },
};
