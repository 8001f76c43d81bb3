import type { Rule } from './rule.js';

/** What liveness threads do for replicas, and what they may not. */
export const LIVENESS_RULES: readonly Rule[] = [
  {
    rule: 'liveness: a backup counts on what its liveness thread acknowledged',
    scenario: 'walk-blocked-primary',
    without: { 'heard-by-thread': '$ - 1e9' },
    shows: 'S2  is promoting, term 2',
  },
  {
    rule: 'liveness: a backup takes its thread’s duty back before it claims',
    scenario: 'rule-withdraw',
    without: { 'withdraw-before-claim': 'false' },
    shows: 'S2  is promoting, term 2',
  },
  {
    rule: 'liveness: a backup of which only the thread is heard leaves the set in the end',
    scenario: 'rule-blocked-for-good',
    without: { 'blocked-for-good': 'false' },
    lacks: '   record: epoch 4, term 1, primary S1, in sync S1 S3',
  },
  {
    rule: 'liveness: heartbeats travel on the main links where the threads do not reach each other',
    scenario: 'rule-main-heartbeats',
    without: { 'main-heartbeats-alone': 'false' },
    shows: '   record: epoch 3, term 1, primary S1, in sync S1',
  },
  {
    rule: 'lease: a backup whose claim is under way acknowledges no heartbeat',
    scenario: 'rule-no-ack-while-claiming',
    without: { 'no-ack-while-claiming': 'true' },
    shows: 'S1  answers r1 -> nothing',
  },
];
