import type { RuleToTakeOut } from '@understudy/core/testing';

/** Rules of calls that handlers make, and of groups that are clients (DESIGN 5.7), beside those with scenarios. */
export const NESTED_RULES: readonly RuleToTakeOut[] = [
  {
    rule: 'nested calls: one leaves when what it reflects is stable',
    without: { 'nested-when-stable': 'true' },
  },
  {
    rule: 'nested calls: no checkpoint is taken before a handler that had waited has ended',
    without: { 'finished-before-checkpoint': 'true' },
  },
  {
    rule: 'nested calls: the reply of a handler that had waited leaves when its end is stable',
    without: { 'waited-when-stable': 'false' },
  },
  {
    rule: 'calling groups: a call that came before is not done again',
    without: { 'came-before': ';' },
  },
  {
    rule: 'calling groups: what an older term asks is refused',
    without: { 'caller-term': 'false' },
  },
  {
    rule: 'calling groups: replies are kept until they are settled',
    without: { 'kept-until-settled': 'true' },
  },
  {
    rule: 'calling groups: what is settled is not done again',
    without: { 'settled-refused': 'false' },
  },
  {
    rule: 'calling groups: an id names one request',
    without: { 'id-names-request': 'false' },
  },
  {
    rule: 'calling groups: what comes again while its handler waits ends with it',
    without: { 'ends-with-first': ';' },
  },
  {
    rule: 'calling groups: what is refused says nothing of the first one',
    without: { 'refused-is-no-end': 'false' },
  },
  {
    rule: 'calling groups: checkpoints hold the replies',
    without: { 'checkpoint-of-callers': '[]' },
  },
  {
    rule: 'calling groups: their replies leave when they are stable',
    without: { 'nested-reply-when-stable': 'false' },
  },
];
