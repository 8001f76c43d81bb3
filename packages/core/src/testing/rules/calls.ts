import type { Rule } from './rule.js';

/** What becomes of calls that wait. */
export const CALL_RULES: readonly Rule[] = [
  {
    rule: 'late calls: a call whose deadline passed while it waited is processed by no replica',
    scenario: 'late-calls',
    without: { 'late-not-executed': 'undefined' },
    shows: 'S1  processes 2: m1',
  },
  {
    rule: 'bounds: at the bound of the queue the call that ranks last makes room',
    scenario: 'queue-shed',
    without: { 'last-makes-room': ';' },
    lacks: 'S1  fails late ! UNDERSTUDY_OVERLOADED',
  },
];
