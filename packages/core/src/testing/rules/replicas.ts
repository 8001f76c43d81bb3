import type { Rule } from './rule.js';

/** Replicas that join, lag, differ or hand over, and clients that leave. */
export const REPLICA_RULES: readonly Rule[] = [
  {
    rule: 'joining: a replica enters the set only when it holds all that was released before it counted',
    scenario: 'joining-released',
    without: { 'enter-with-all-released': 'false' },
    shows: 'S3  is primary, term 2',
  },
  {
    rule: 'hand-over: the change of the record says that everything is stable, so the successor asks nobody',
    scenario: 'hand-over',
    without: { 'publish-with-hand-over': 'false' },
    shows: 'S2>S3  term 2: what do you hold beyond 1?',
  },
  {
    rule: 'hand-over: the successor of a passive primary is given a copy of the state first',
    scenario: 'hand-over-passive',
    without: { 'copy-for-successor': ';' },
    shows: 'S2  processes 1: m1',
  },
  {
    rule: 'checkpoints: a checkpoint covers no message that is yet to be processed',
    scenario: 'walk-checkpoint-covers',
    without: { 'cover-processed-only': 'false' },
    shows: 'S3>S2  lacks bodies #1',
  },
  {
    rule: 'checkpoints: a checkpoint stands for the log only once its order is stable',
    scenario: 'checkpoint-stable',
    without: { 'checkpoint-when-stable': 'false' },
    shows: '   record: epoch 5, term 2, primary S2, in sync S2 S3, adopted 2:0',
  },
  {
    rule: 'passive replication: a successor starts from its checkpoint',
    scenario: 'passive',
    without: { 'restore-checkpoint': ';' },
    shows: 'C1  delivered m6 -> m6=2',
  },
  {
    rule: 'hand-over: everything becomes stable before the primary changes',
    scenario: 'hand-over',
    without: { 'settle-before-hand-over': 'false' },
    shows: '   record: epoch 4, term 2, primary S3, in sync S2 S3',
  },
  {
    rule: 'graceful close: a client leaves only when everything that it holds is stable',
    scenario: 'close',
    without: { 'settle-before-close': 'false' },
    shows: 'C1  ended, not clean',
  },
  {
    rule: 'time: the time of an order is never before that of an earlier one, whatever the clock of the primary shows',
    scenario: 'time',
    without: { 'time-never-back': '$ * 0' },
    shows: 'S1  processes 2 at 4000: m2',
  },
  {
    rule: 'time: a replica that starts from a checkpoint knows how late it was there',
    scenario: 'time-joining',
    without: { 'time-in-checkpoint': '$ * 0' },
    shows: 'S2  processes 2 at 3000: m2',
  },
  {
    rule: 'divergence: a replica whose digest differs is noticed',
    scenario: 'divergence',
    without: { 'digest-compared': 'true' },
    lacks: 'S2>S1  holds up to 1, diverged at 1',
  },
  {
    rule: 'stalled handlers: the group goes on behind a handler that does not end',
    scenario: 'stalled-handler',
    without: { 'leave-stalled': ';' },
    lacks: 'S1  leaves behind m1',
  },
  {
    rule: 'gaps: a backup asks for a body that it lacks',
    scenario: 'sequence-gap',
    without: { 'ask-for-missing': ';' },
    lacks: 'S2>S1  lacks bodies #2',
  },
  {
    rule: 'hand-over: a backup that stops is let go before it falls silent',
    scenario: 'leaving',
    without: { 'leave-when-let': 'true', 'let-leave': 'false' },
    lacks: 'S3>S1  holds up to 1, leaves',
  },
  {
    rule: 'gaps: the primary finds a body in its log though its connection has ended',
    scenario: 'walk-expired-before-held',
    without: { 'bodies-from-log': '[]' },
    lacks: 'S1>S2  bodies m1',
  },
  {
    rule: 'divergence: nobody joins from a base that is older than the difference',
    scenario: 'stream-diverges',
    without: { 'base-before-divergence': 'true' },
    shows: 'S1>S2  checkpoint at 0 to start from',
  },
  {
    rule: 'a lost record: only who certainly knows the newest one puts it back',
    scenario: 'record-lost-lease',
    without: { 'put-back-certain': 'false' },
    shows: '   record: epoch 5, term 1, primary S1, in sync S1',
  },
  {
    rule: 'a lost record: the change of a primary that may have been made before the loss is what is put back',
    scenario: 'record-lost-change',
    without: { 'pending-put-back': 'false' },
    shows: '   record: epoch 2, term 1, primary S1, in sync S1 S2',
  },
  {
    rule: 'members: a replica that has been gone for long leaves the record',
    scenario: 'forgotten',
    without: { 'forget-the-gone': ';' },
    lacks: '   record: epoch 5, term 1, primary S1, in sync S1 S2',
  },
  {
    rule: 'members: nobody dials who is not in the record, unless it asks to join',
    scenario: 'forgotten',
    without: { 'nobody-dials-the-dead': 'true' },
    shows: '   record names S1 S2; the primary dials S2 S3',
  },
  {
    rule: 'ending: the last replica in sync waits for a learner that can take over',
    scenario: 'last-waits',
    without: { 'wait-for-learners': 'false' },
    lacks: 'S1  stopped, handed over to S2',
  },
  {
    rule: 'ending: the record of a group whose state somebody still wants is not ended',
    scenario: 'last-waits-in-vain',
    without: { 'end-unless-wanted': 'true' },
    shows: '   record: epoch 2, term 1, primary S1, in sync S1, ended',
  },
  {
    rule: 'beginning: a process with a part of the old state does not begin a new history',
    scenario: 'end-and-begin',
    without: { 'begin-anew-fresh': 'false' },
    shows: '   record: epoch 5, term 3, primary S2, in sync S2, adopted 2:1, forced',
  },
];
