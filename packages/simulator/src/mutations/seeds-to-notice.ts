/**
 * Seeds within which the simulator notices that a rule is missing: about three times as many as it took, since every new
 * kind of fault or call draws other runs. Rules that take more than some hundreds are not here; the command plays
 * them.
 */
export const SEEDS_TO_NOTICE: Readonly<Record<string, number>> = {
  'delivery: a client that may have been given up does not deliver': 700,
  'stability: every in-sync backup holds the order': 100,
  'old and new set: a backup counts until its removal is certain': 100,
  'old and new set: a backup counts before its addition is certain': 100,
  'adoptedThrough: an order that no promotion adopted is discarded whenever it turns up': 900,
  'voiding: a call that the interceptors end is voided': 100,
  'refusal at a hole: a live client holds an order beyond it': 100,
  'closure of the piggyback: a reply carries all orders that are not stable': 100,
  'duplicate suppression: a request that comes again is not processed again': 100,
  'collection from peers: what only another backup holds is asked for': 900,
  'collection from sessions: what only a client holds is asked for': 100,
  'idempotency keys: a retry gets the first reply': 100,
  'idempotency keys: a key names one request': 100,
  'passive replication: the successor starts from the checkpoint': 200,
  'graceful close: a client waits until what it holds is stable': 100,
  'divergence: another digest is noticed': 400,
  'stalled handlers: the group goes on behind them': 100,
  'gaps: a backup asks for the body that it lacks': 500,
  'null messages by time': 400,
  'force: an operator may give up what is lost': 600,
  'bad input: a backup takes no order from a client where the primary announces itself': 400,
  'incarnations: a replica that was restarted is another member': 100,
  'delivery: counts from when the acknowledged heartbeat was sent': 700,
  'retention: a client tells a successor which orders it holds': 100,
  'recovery: messages that sessions wait for and that have no order are ordered afresh': 100,
  'joining: a replica enters only when it holds all that was released': 600,
  'joining: what an earlier start acknowledged counts for nothing': 100,
  'checkpoints: they hold the reply cache': 900,
  'checkpoints: they hold the replies to idempotency keys': 600,
};
