import type { Rule } from './rule.js';

/** Messages that end the processes that run their handlers. */
export const DEATH_RULES: readonly Rule[] = [
  {
    rule: 'messages of death: a backup runs only what its primary has completed',
    scenario: 'poison',
    without: { 'completed-first': 'true' },
    shows: 'S3  processes 1: m1',
  },
  {
    rule: 'messages of death: a message of which primaries died is passed over',
    scenario: 'poison',
    without: { 'poison-passed-over': 'undefined' },
    shows: 'S3  processes 1: m1',
  },
  {
    rule: 'messages of death: a timer that is refused is due again',
    scenario: 'poison-twin',
    without: { 'refused-timer-again': ';' },
    lacks: 'S2  processes 5 at 60000: after expire 2.0',
  },
  {
    rule: 'messages of death: what may have ended a primary is started once all others know that it is next',
    scenario: 'care',
    without: { 'suspects-with-care': 'false' },
    shows: 'S2  processes 1: m1',
  },
  {
    rule: 'messages of death: a clock that is set forward ends no care',
    scenario: 'poison-clock-forward',
    without: { 'care-by-own-clock': 'false' },
    lacks: 'S3>C1  replies #1 UNDERSTUDY_POISON stable',
  },
  {
    rule: 'messages of death: a clock that is set back does not prolong the care',
    scenario: 'care-clock-back',
    without: { 'care-ends-by-own-clock': 'true' },
    lacks: 'S3  processes 2 at 3600000: m1',
  },
  {
    rule: 'messages of death: a handler that began before goes on with care, even if its callee takes long to answer',
    scenario: 'poison-old-step',
    without: { 'old-steps-with-care': 'false' },
    lacks: 'S3>C1  replies #1 UNDERSTUDY_POISON stable',
  },
  {
    rule: 'messages of death: the last replica in sync waits for a backup that left for its state',
    scenario: 'care-diverged',
    without: { 'diverged-comes-back': ';' },
    lacks: 'S2>S3  checkpoint at 3 to start from',
  },
  {
    rule: 'messages of death: the last replica in sync waits for no learner while its state cannot be copied',
    scenario: 'care-uncopied',
    without: { 'care-ends-uncopied': 'true' },
    lacks: 'S2  processes 4: m1',
  },
  {
    rule: 'messages of death: a message of a stream is suspected by one name, whether or not the replica has opened the stream',
    scenario: 'poison-passive-stream',
    without: { 'name-by-opening': 'undefined' },
    shows: 'S3  processes 2: m1(1.1)',
  },
  {
    rule: 'messages of death: a promotion suspects what it cuts, too',
    scenario: 'cut-is-suspected',
    without: { 'cut-orders-suspected': '[]' },
    shows: 'S3  processes 1: m2',
  },
  {
    rule: 'messages of death: nothing starts behind what was started with care until all others know that it is complete',
    scenario: 'told-before-next',
    without: { 'told-before-next': 'true' },
    shows: 'S2  processes 2: m2',
  },
  {
    rule: 'messages of death: a read shows what was started with care only once all others know that it is complete',
    scenario: 'read-shows-complete',
    without: { 'read-shows-complete': 'false' },
    shows: 'C1  delivered look -> m1',
  },
  {
    rule: 'messages of death: a primary that cannot have started a suspect yet did not die of it',
    scenario: 'not-started',
    without: { 'blamed-if-started': 'true' },
    lacks: 'S3  processes 1: m1',
  },
  {
    rule: 'messages of death: an item shows what was started with care only once all others know that it is complete',
    scenario: 'item-shows-complete',
    without: { 'item-shows-complete': 'false' },
    shows: 'S2>C2  items 1.1 @a=1 stable',
  },
  {
    rule: 'messages of death: a reply that must be stable leaves once a successor would know that its call is complete',
    scenario: 'known-complete',
    without: { 'known-to-be-complete': 'true' },
    shows: 'S1  answers m1 -> m1=1',
  },
  {
    rule: 'messages of death: a message whose reply a live session has is under no suspicion',
    scenario: 'seen-is-complete',
    without: { 'answered-is-complete': 'false' },
    shows: 'S2>S3  announces 1=C1#1, bodies m1',
  },
  {
    rule: 'messages of death: a message that a peer was told to be complete is under no suspicion',
    scenario: 'promised-is-complete',
    without: { 'promised-is-complete': ';' },
    shows: 'S2>S3  announces 1=C1#1, bodies m1',
  },
];
