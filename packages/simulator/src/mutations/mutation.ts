/** The rules that are taken out of the core, and which of them no seed can be expected to show. */
import { RULES, type RuleToTakeOut } from '@understudy/core/testing';
import { EXTRA_RULES } from './rules/extra-rules.js';
import { NESTED_RULES } from './rules/nested-rules.js';
import { STREAM_RULES } from './rules/stream-rules.js';
import { SEEDS_TO_NOTICE } from './seeds-to-notice.js';
import { DIGESTS, NESTED, ONCE, type Setting, STREAMS, THREADS, TIMERS } from './setting.js';

/** A rule of the design, and how to take it out of the compiled core. */
export type Mutation = RuleToTakeOut;

/**
 * No client of the simulator sends replicas different bodies or reads from backups, and no seed is played here with
 * replicas whose settings or code differ, as they do in runs with upgrades.
 */
const OF_ODD_CLIENTS: readonly string[] = RULES.map(({ rule }) => rule).filter((rule) =>
  /^(named bodies|settings|code|reads from backups): /.test(rule),
);

/** No handler of the simulator waits for other calls. */
const OF_WAITING: readonly string[] = RULES.map(({ rule }) => rule).filter((rule) => rule.startsWith('waiting: '));

/** Rules that a scenario proves necessary, but hardly any seed. */
const HELD_BY_SCENARIOS: ReadonlySet<string> = new Set([
  'divergence: backups restore their states by turns',
  'hole: the group refuses to go on while a live client holds an order beyond it',
  'bounds: at the bound of the queue the call that ranks last makes room',
  'bounds: a caller is told once that no reply will come',
  // The secrets of a run are never renewed, and its clients reflect only what was sealed for them.
  'bad input: what a client reflects of stable orders is not opened, and so not refused either',
  'bounds: the log is kept for streams only while a message that is not processed may open one',
  'bounds: the log is not kept for an order that a promotion cut',
  // No client of a run is a group that opens streams: its handlers open them at a service that is no group.
  'nested streams: a group that opens a stream again goes on with it',
  'nested streams: items go on from where the calling group is',
  'nested streams: messages go on behind the last one that was processed',
  'nested streams: messages wait until the callee has found the stream that is opened again',
  'nested streams: what a calling group may lack of an ended stream is kept until the call is settled',
  'nested streams: an item reaches a calling group only when it is stable',
  'nested streams: a calling group forgets a message only when its order is stable',
  'nested streams: the streams of a session that says goodbye wait for the next primary of their group',
  "nested streams: a change of the callee's primary does not cancel a stream that was left",
  // Without these rules replicas join later, which is no violation as long as each timer rings once.
  'timers: a copy of the state is made before handlers that may arm some',
  'timers: a copy made for a joiner is kept for a while, in case handlers arm some',
  // Wall clocks of runs jump by more than a period, so a run cannot tell when the first period should have ended.
  'timers: one that comes again and again began when the group did',
  // 2,500 seeds of their drills no longer show that these rules are missing.
  'checkpoints: a checkpoint stands for the log only once its order is stable',
  'joining: a replica enters the set only when it holds all that was released before it counted',
  'late calls: a call whose deadline passed while it waited is processed by no replica',
  'messages of death: a backup runs only what its primary has completed',
  'messages of death: a message of which primaries died is passed over',
  'code: a primary that is to stop orders timers until a copy can be made',
  'messages of death: a timer that is refused is due again',
  'messages of death: what may have ended a primary is started once all others know that it is next',
  'messages of death: a promotion suspects what it cuts, too',
  'messages of death: a message of a stream is suspected by one name, whether or not the replica has opened the stream',
  'messages of death: a clock that is set forward ends no care',
  'messages of death: a clock that is set back does not prolong the care',
  'messages of death: a handler that began before goes on with care, even if its callee takes long to answer',
  'messages of death: the last replica in sync waits for a backup that left for its state',
  'messages of death: the last replica in sync waits for no learner while its state cannot be copied',
  'messages of death: nothing starts behind what was started with care until all others know that it is complete',
  'messages of death: a read shows what was started with care only once all others know that it is complete',
  // These need two deaths by chance, each within a moment.
  'messages of death: a primary that cannot have started a suspect yet did not die of it',
  'messages of death: an item shows what was started with care only once all others know that it is complete',
  'messages of death: a reply that must be stable leaves once a successor would know that its call is complete',
  'messages of death: a message whose reply a live session has is under no suspicion',
  'messages of death: a message that a peer was told to be complete is under no suspicion',
  'sessions: a client beyond sessionsMax is refused at once',
  'graceful close: a client is told at once when its last order is stable',
  'sessions: a call fails at once while no replica has room for its session',
  'streams: a stream that the group no longer knows ends',
  'streams: nothing waits for an opening that was refused',
  'streams: a stream whose end was cut is cancelled',
  'streams: items are delivered under the delivery rule',
  'streams: a message that had no order when the primary changed is sent again',
  'collection from sessions: a session that only read and is back before the decision is heard',
  'streams: a finished stream whose last credit was cut is cancelled',
  'streams: what a stream sent before its new primary served goes out, though the session opened it after its answer',
  'streams: the streams of a connection end with it',
  'divergence: nobody joins from a base that is older than the difference',
  'session expiry: a session whose end is ordered is not welcomed',
  'backlog: streams are ended when a successor would have to replay too much',
  'backlog: new streams wait for a while so that the open ones may end',
  // Without it the member is back after moments, and no call fails.
  'hand-over: a member that the successor has not met yet is silent only after a lease',
  // A copy must be made while a learner receives an earlier one, and no order may follow.
  'copies: a backup that did not get the last copy gets another, though nothing is ordered',
  // Only a run that is over within ten seconds shows the lack of these.
  'copies: a copy that a removed backup did not get holds no other copy up',
  'copies: what a replica answered about a copy is repeated on its next link',
  'copies: a replica says on its next link whether it is still busy',
  'copies: a learner that dies while it is busy is not waited for',
  // A backup must read the record in the moment between.
  'copies: a successor says that it is primary before it restores its state',
  // The loss must come within a lease of a failover, or within the moment of a change.
  'a lost record: only who certainly knows the newest one puts it back',
  'a lost record: the change of a primary that may have been made before the loss is what is put back',
  'a lost record: a claim that may have been made before the loss is not taken back',
  // Without it the record only grows, and more addresses are dialled.
  'members: a replica that has been gone for long leaves the record',
  'members: nobody dials who is not in the record, unless it asks to join',
  'hand-over: the change of the record says that everything is stable, so the successor asks nobody',
  'hand-over: the successor of a passive primary is given a copy of the state first',
  'code: a successor that logged orders of a passive term is given a copy of the state first',
  // No order may follow the end of the last stream.
  'code: a replica that joined with an older copy is given one that covers what other code executed',
  'streams: a stream whose client had seen what was cut ends',
  'streams: a stream ends whose client had seen what a forced record lacks',
  'streams: what a handler sends by itself may leave only with the order that is being processed',
  // The simulator's interceptors judge a call by its name alone, so a retry fares as the first try did.
  'idempotency keys: interceptors see a call before its key is looked at',
  // Hardly any seed shows this one, because the client has the body too until the body's new order is stable.
  'checkpoints: a checkpoint covers no message that is yet to be processed',
  // Links of the simulator lose frames and break, but alter nothing.
  'copies: nobody starts from a copy that is not what was sent',
  // A claim too early does no harm, and while copying blocks a replica the checks excuse it.
  'copies: a primary that copies its state is not taken for dead',
  'streams: a stream that nobody wants any more is cancelled behind its opening',
  'bodies: a stable orderNum says nothing about an order of an older term with that number',
  'voiding: what a session sent is voided as soon as a primary hangs up on it',
  // No client of the simulator hides its orders or poses as another client.
  'collection from sessions: one that is heard but never says what it holds is waited for within bounds',
  'collection from sessions: the body that a session keeps to itself is waited for within bounds',
  'hole: the group does not stop for a client that does not bring its own message',
  'identity: a session belongs to the client that opened it',
  'identity: so do the calls of a session that travel as RPCs',
  'identity: the name of a calling group belongs to whom it was first known to be of',
  'identity: the term of a calling group that nobody knows cannot leap',
  // The next digest shows what a missed one would have. The other two need a digest in the moment before a failover.
  'divergence: the order after a digest says that there is one',
  'divergence: what a former primary told of its state is no measure',
  'divergence: who takes over waits for no digest',
  // Digests of the simulator take no time, and its states are restored exactly.
  'divergence: a replica that takes long for a digest is not taken for dead',
  'divergence: no digest costs the primary its lease',
  'divergence: nobody waits for ever for a digest',
  'divergence: a replica whose every copy would differ stays',
  // Leaving again and again breaks no promise. The simulator's settings say how often states are compared.
  'divergence: a replica whose copies may differ without a cause does not leave again and again',
  'divergence: a state whose copy is dear is compared only where that is asked for',
  ...OF_ODD_CLIENTS,
  ...OF_WAITING,
  'nested calls: the reply of a handler that waited leaves when the order of its end is stable',
  'ending: the last replica in sync waits for a learner that can take over',
  'ending: the record of a group whose state somebody still wants is not ended',
  // Few runs end all replicas at one moment.
  'beginning: a client holds the orders of a new history, which begins at small numbers again',
  'graceful close: a client forgets the orders that a promotion cut',
  // This is a sentence for operators, which no run reads.
  'beginning: a member that was restarted does not count as one that has the state',
  'beginning: a process with a part of the old state does not begin a new history',
  // Each of these is a race within a moment.
  'liveness: a backup takes its thread’s duty back before it claims',
  'lease: a backup whose claim is under way acknowledges no heartbeat',
  'liveness: a backup of which only the thread is heard leaves the set in the end',
  'liveness: heartbeats travel on the main links where the threads do not reach each other',
  // Noticed only after 1,457 runs, which take long.
  'nested calls: a call is settled only when its reply is stable',
]);

/** All rules: first those with a scenario, then those that only seeds show. */
export const ALL_RULES: readonly Mutation[] = [...RULES, ...EXTRA_RULES, ...STREAM_RULES, ...NESTED_RULES];

/** The rules whose lack some seed shows. */
export const MUTATIONS: readonly Mutation[] = ALL_RULES.filter(({ rule }) => !HELD_BY_SCENARIOS.has(rule));

/**
 * The setting in which the lack of the rule shows: runs with a drill, with streams, with nested calls, with threads, with
 * digests of states, with timers, with functions that run once, or with none of them.
 */
export const settingOf = ({ rule }: Mutation): Setting => {
  const notice = SEEDS_TO_NOTICE[rule];
  return notice?.drill ?? ([STREAMS, NESTED, THREADS, DIGESTS, TIMERS, ONCE] as const).find((extra) => notice?.[extra]);
};
