import type { Rule } from './rule.js';

/** What becomes of calls that wait. */
export const CALL_RULES: readonly Rule[] = [
  {
    rule: 'late calls: a call whose deadline passed while it waited is processed by no replica',
    scenario: 'late-calls',
    without: { 'late-not-executed': 'undefined' },
    shows: 'S1  processes 2: m1',
  },
];
