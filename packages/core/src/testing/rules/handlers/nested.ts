import type { Rule } from '../rule.js';

/** Calls that handlers make. */
export const NESTED_RULES: readonly Rule[] = [
  {
    rule: 'nested calls: a successor sends open calls again',
    scenario: 'nested-deposed',
    without: { 'nested-sent-again': ';' },
    lacks: 'S2  calls another service: g/2 1.0',
  },
  {
    rule: 'nested calls: no checkpoint is taken while a handler waits for a reply',
    scenario: 'nested-joining',
    without: { 'checkpoint-at-rest': 'true' },
    lacks: 'S1>S2  checkpoint at 2 to start from',
  },
  {
    rule: 'nested calls: an idempotency key names its call while the handler waits for a reply',
    scenario: 'nested-keyed',
    without: { 'key-while-waiting': ';' },
    shows: 'S2  processes 2: ask-a',
  },
  {
    rule: 'nested calls: the caller of a handler that waits for a reply is never told that its call had no effect',
    scenario: 'nested-deposed',
    without: { 'waiting-is-ordered': 'false' },
    shows: 'S1  fails ask-a ! UNDERSTUDY_NOT_PRIMARY',
  },
  {
    rule: 'nested calls: a call is settled only when its reply is stable',
    scenario: 'nested-settled',
    without: { 'settled-when-stable': 'false' },
    shows: 'S1  calls another service: g/1 2.0, settled up to 1',
  },
];
