import type { Rule } from './rule.js';

/** Calls that handlers make. */
export const NESTED_RULES: readonly Rule[] = [
  {
    rule: 'nested calls: a successor sends again what is open',
    scenario: 'nested-deposed',
    without: { 'nested-sent-again': ';' },
    lacks: 'S2  calls another service: g/2 1.0',
  },
  {
    rule: 'nested calls: no checkpoint is taken while a handler waits',
    scenario: 'nested-joining',
    without: { 'checkpoint-at-rest': 'true' },
    lacks: 'S1>S2  checkpoint at 2 to start from',
  },
  {
    rule: 'nested calls: an idempotency key names its call while the handler waits',
    scenario: 'nested-keyed',
    without: { 'key-while-waiting': ';' },
    shows: 'S2  processes 2: ask-a',
  },
  {
    rule: 'nested calls: whoever waits for a handler that waits hears that its call may have taken effect',
    scenario: 'nested-deposed',
    without: { 'waiting-is-ordered': 'false' },
    shows: 'S1  fails ask-a ! UNDERSTUDY_NOT_PRIMARY',
  },
  {
    rule: 'nested calls: what is settled has replies that are stable',
    scenario: 'nested-settled',
    without: { 'settled-when-stable': 'false' },
    shows: 'S1  calls another service: g/1 2.0, settled up to 1',
  },
];
