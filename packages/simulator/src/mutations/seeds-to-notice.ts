/** The seeds that show that a rule is missing. */
export interface Notice {
  /** A seed that showed the lack when this table was made. It is played first. */
  readonly seed: number;
  /**
   * If `seed` no longer shows the lack, some seed from 1 to this one must: every new kind of fault or call makes runs
   * draw differently.
   */
  readonly seeds: number;
  /** The drill that every run has; undefined: runs without drills. */
  readonly drill?: string;
  /** In runs that all have streams. */
  readonly streams?: true;
  /** In runs where all handlers may call another service, and a group may call. */
  readonly nested?: true;
  /** In runs that all have liveness threads. */
  readonly threads?: true;
  /** In runs where all replicas compare their states. */
  readonly digests?: true;
  /** In runs that all have timers, also ones that repeat, come again and again, or are cleared. */
  readonly timers?: true;
  /** In runs where handlers change the outside world. */
  readonly once?: true;
}

/** By rule, where the simulator notices that the rule is missing. The bound is several times what the search took. */
export const SEEDS_TO_NOTICE: Readonly<Record<string, Notice>> = {
  'time: the time of an order is never before that of an earlier one, whatever the clock of the primary shows': {
    seed: 2,
    seeds: 100,
  },
  'time: a replica that starts from a checkpoint knows how late it was there': { seed: 961, seeds: 6200 },
  'delivery: a client that may have been given up delivers nothing': { seed: 9, seeds: 300, drill: 'lateReply' },
  'hand-over: everything becomes stable before the primary changes': { seed: 2, seeds: 100, drill: 'slowHandOver' },
  'null messages: announcements that are too many leave without waiting for a message': {
    seed: 5,
    seeds: 100,
    drill: 'pausedCaller',
  },
  'liveness: a backup counts on what its liveness thread acknowledged': { seed: 2, seeds: 300, threads: true },
  'stability: an order is stable only when every in-sync backup holds it': { seed: 2, seeds: 100 },
  'in-sync set: a backup counts until its removal is certain': { seed: 17, seeds: 100 },
  'in-sync set: a backup counts before its addition is certain': { seed: 10, seeds: 600 },
  'adoptedThrough: an order of an older term that was not adopted is discarded whenever it turns up': {
    seed: 635,
    seeds: 2500,
  },
  'voiding: a call that the interceptors end is voided': { seed: 3, seeds: 100 },
  'piggyback: a reply carries all orders that are not stable, not only its own': { seed: 143, seeds: 1000 },
  'duplicate suppression: a request that comes again is not processed again': { seed: 8, seeds: 100 },
  'collection from peers: a successor asks for what only another backup holds': { seed: 340, seeds: 900 },
  'collection from sessions: a successor asks for what only a client holds': { seed: 54, seeds: 300 },
  'idempotency keys: a retry gets the first reply': { seed: 9, seeds: 100 },
  'idempotency keys: a key names one request': { seed: 9, seeds: 100 },
  'passive replication: a successor starts from its checkpoint': { seed: 2, seeds: 200 },
  'graceful close: a client leaves only when everything that it holds is stable': { seed: 2, seeds: 100 },
  'divergence: a replica whose state differs is noticed': { seed: 11, seeds: 1500, digests: true },
  'divergence: a replica whose digest differs is noticed': { seed: 424, seeds: 1300 },
  'stalled handlers: the group goes on behind a handler that does not end': { seed: 9, seeds: 100 },
  'gaps: a backup asks for a body that it lacks': { seed: 206, seeds: 500 },
  'null messages: announcements that are too old leave without waiting for a message': { seed: 380, seeds: 1200 },
  'force: an operator may give up what is lost': { seed: 606, seeds: 2400 },
  'incarnations: a restarted replica is another member': { seed: 45, seeds: 100 },
  "delivery: the client's time counts from when the acknowledged heartbeat was sent": {
    seed: 195,
    seeds: 1700,
    drill: 'lateReply',
  },
  'retention: a client tells a successor which orders it holds': { seed: 54, seeds: 300 },
  'recovery: messages without an order that sessions wait for are ordered afresh': { seed: 4, seeds: 100 },
  'joining: a replica that is in the set without having heard of it stays': { seed: 503, seeds: 2400 },
  'lease: a primary that its backups no longer acknowledge answers nothing': {
    seed: 28,
    seeds: 200,
    drill: 'isolatedReaders',
  },
  'lease: a backup claims only when the lease has certainly run out': {
    seed: 28,
    seeds: 200,
    drill: 'isolatedReaders',
  },
  'lease: it counts from when the acknowledged heartbeat was sent': { seed: 7, seeds: 400, drill: 'isolatedReaders' },
  'checkpoints: a checkpoint holds the reply cache': { seed: 2367, seeds: 7200 },
  'checkpoints: a checkpoint holds the replies to idempotency keys': { seed: 1, seeds: 100, drill: 'keyedLearner' },
  'session expiry: a session that is back before its turn to be freed is not freed': {
    seed: 476,
    seeds: 1500,
    drill: 'expiryComesLate',
  },
  'delivery: what a client held back under an older term is dropped': { seed: 129, seeds: 900, drill: 'lateReply' },
  'registration: only a session that every in-sync replica answers for gets replies at once': {
    seed: 28,
    seeds: 100,
    drill: 'toldByClients',
  },
  'retention: a client keeps a request until its order is stable': { seed: 1, seeds: 100, drill: 'toldByClients' },
  'collection: a body that only its session has is asked for': { seed: 11, seeds: 100, drill: 'toldByClients' },
  'acknowledged release: a reply leaves when its order is stable': { seed: 21, seeds: 100, drill: 'seenByReaders' },
  'reads: a reply to a read takes the unstable orders that it reflects along': {
    seed: 8,
    seeds: 100,
    drill: 'seenByReaders',
  },
  "registration: a backup's report of its sessions begins anew with each link": {
    seed: 8,
    seeds: 100,
    drill: 'givenUpUnheard',
  },
  'adoption: orders beyond an adoption have no effect while it is on its way into the record': {
    seed: 17,
    seeds: 100,
    drill: 'lateBodies',
  },
  'adoption: a backup that has promised processes nothing until it knows what was adopted': {
    seed: 17,
    seeds: 100,
    drill: 'lateBodies',
  },
  'stability: what a backup holds of an older term counts only once the backup knows the adoption': {
    seed: 29,
    seeds: 150,
    drill: 'lateBodies',
  },
  'hole: nothing is guessed across a hole in the order': { seed: 1, seeds: 50, drill: 'lateBodies' },
  'collection: peers that were silent leave the set': { seed: 3, seeds: 50, drill: 'silentBackup' },
  'promotion: what a session asked before its new primary served is answered': {
    seed: 1,
    seeds: 50,
    drill: 'askedEarly',
  },
  'promotion: backups wait for a successor that is waiting for others': { seed: 97, seeds: 600 },
  'collection from sessions: a session that was silent for too long and is back before the decision is heard': {
    seed: 8,
    seeds: 50,
    drill: 'sessionIsBack',
  },
  'idempotency keys: the key of a voided call is free': { seed: 2, seeds: 200, drill: 'keyIsFree' },
  'release: a reply waits while an order that it reflects could be lost with the primary': { seed: 289, seeds: 1000 },
  'claim: a claim removes the old primary from the set in the same change': { seed: 4, seeds: 20 },
  'voiding: what a dead client sent, and nobody ordered, is voided': { seed: 27, seeds: 100 },
  'voiding: a client whose link ends after a promotion went on without it counts as dead': { seed: 63, seeds: 2500 },
  'bounds: a waiting reply is kept once, however often it is asked for': { seed: 31, seeds: 500 },
  'bounds: a reply leaves once in a turn, however often it is asked for': { seed: 220, seeds: 500 },
  'session expiry: a late retry on a connection whose records were freed is refused': {
    seed: 1,
    seeds: 100,
    drill: 'expiredRetry',
  },
  'bad input: a client that reflects an order that was not sealed for it is refused': { seed: 29, seeds: 100 },
  'bounds: a backup drops from its log what is stable': { seed: 2, seeds: 50 },
  'reads: a client that can take no orders along sees only what is stable': { seed: 111, seeds: 2000 },
  'reads: a read reflects what was processed until it ended': { seed: 104, seeds: 300 },
  'terms: each claim raises the term': { seed: 4, seeds: 20 },
  'hand-over: a primary that hands over orders nothing more': { seed: 53, seeds: 400 },
  'terms: what a deposed primary said is refused when it arrives late': { seed: 308, seeds: 1000, drill: 'lateReply' },
  'collection from sessions: what a live session retains is not called lost while its link is down': {
    seed: 667,
    seeds: 1500,
    drill: 'toldByClients',
  },
  'reflection: clients pass announcements on to the backups': { seed: 1, seeds: 100, drill: 'fairWeather' },
  'terms: a replica refuses what a peer says in an older term': { seed: 45, seeds: 300, drill: 'oldFrames' },
  'repliesSeenUpTo: a request whose reply was freed is still known, and not processed again': {
    seed: 20,
    seeds: 6000,
  },
  'registration: a backup reports its sessions again once a new primary serves': {
    seed: 18,
    seeds: 4000,
    drill: 'fairWeather',
  },
  'delivery: a waiting reply that is asked for as a stable one leaves only when it is stable': {
    seed: 5,
    seeds: 100,
    drill: 'askedWithoutLease',
  },
  'delivery: a client asks for a stable reply once': { seed: 62, seeds: 200 },
  'delivery: a client repeats on a new link what it asked on the old one': {
    seed: 2,
    seeds: 100,
    drill: 'askedWhileUnstable',
  },
  'delivery: a reply that is asked for again leaves when its order is stable': {
    seed: 1,
    seeds: 100,
    drill: 'askedWhileUnstable',
  },
  'hand-over: a backup that stops is let go before it falls silent': { seed: 1, seeds: 50, drill: 'leaves' },
  'lease: a learner counts only once it has acknowledged a heartbeat': { seed: 1, seeds: 100, drill: 'entersUnheard' },
  'collection from sessions: a body that a session sent after it told what it holds is asked for, too': {
    seed: 1,
    seeds: 100,
    drill: 'sentAfterItsWord',
  },
  'gaps: the primary finds a body in its log though its connection has ended': {
    seed: 5,
    seeds: 50,
    drill: 'expiredBeforeHeld',
  },
  'voiding: a primary keeps no body that it had asked for as a backup': {
    seed: 11,
    seeds: 50,
    drill: 'bodiesComeLate',
  },
  'collection: a body is asked for again only when it did not come in time': {
    seed: 89,
    seeds: 300,
    drill: 'toldByClients',
  },
  'delivery: a client drops the replies that it holds back when a new term begins': {
    seed: 129,
    seeds: 400,
    drill: 'lateReply',
  },
  'streams: messages of a stream are ordered by their position': { seed: 489, seeds: 1500, streams: true },
  'streams: a new primary goes on from the first item that the client lacks': { seed: 44, seeds: 300, streams: true },
  'streams: an item that comes again is not delivered again': { seed: 44, seeds: 250, streams: true },
  'streams: items are released under the release rule': { seed: 42, seeds: 200, streams: true },
  'streams: no checkpoint is taken while a handler lives': { seed: 67, seeds: 250, streams: true },
  'streams: an item is dropped once its client has taken it': { seed: 2, seeds: 50, streams: true },
  "streams: handlers of a dead client's streams learn of it in order": { seed: 19, seeds: 100, streams: true },
  'streams: a client is at most a window ahead of the handler': { seed: 113, seeds: 400, streams: true },
  'nested calls: a call leaves only when everything that it reflects is stable': { seed: 1, seeds: 50, nested: true },
  'nested calls: a successor sends open calls again': { seed: 26, seeds: 100, nested: true },
  'nested calls: no checkpoint is taken while a handler waits for a reply': { seed: 2, seeds: 50, nested: true },
  'nested calls: no checkpoint is taken before a handler that got its reply has ended': {
    seed: 390,
    seeds: 1100,
    nested: true,
  },
  'nested calls: an idempotency key names its call while the handler waits for a reply': {
    seed: 78,
    seeds: 800,
    nested: true,
  },
  'nested calls: the caller of a handler that waits for a reply is never told that its call had no effect': {
    seed: 520,
    seeds: 3000,
    nested: true,
  },
  'calling groups: a call that came before is not processed again': { seed: 2, seeds: 50, nested: true },
  'calling groups: a call of an older term is refused': { seed: 25, seeds: 500, nested: true },
  'calling groups: a reply is kept until it is settled': { seed: 44, seeds: 200, nested: true },
  'calling groups: a settled call is not processed again': { seed: 95, seeds: 200, nested: true },
  'calling groups: an id names one request': { seed: 1, seeds: 50, nested: true },
  'calling groups: a call that comes again while its handler waits gets the same outcome': {
    seed: 2,
    seeds: 50,
    nested: true,
  },
  'calling groups: the refusal of a repeated call says nothing about the first one': {
    seed: 30,
    seeds: 100,
    nested: true,
  },
  'calling groups: a checkpoint holds the replies': { seed: 26, seeds: 100, nested: true },
  'calling groups: a reply leaves only when it is stable': { seed: 591, seeds: 1500, nested: true },
  'timers: the order of a timer has no earlier time than the timer was due': { seed: 11, seeds: 100, timers: true },
  'timers: no copy of the state is made while functions wait to run': { seed: 323, seeds: 1500, timers: true },
  'timers: a checkpoint has those that are data': { seed: 46, seeds: 300, timers: true },
  'nested calls: a successor says of a call that its predecessor may have sent it': {
    seed: 21,
    seeds: 200,
    once: true,
  },
};
