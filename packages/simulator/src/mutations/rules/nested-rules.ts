import type { RuleToTakeOut } from '@understudy/core/testing';

/** Rules of nested calls and of groups that are clients (DESIGN 5.7), beside those with scenarios. */
export const NESTED_RULES: readonly RuleToTakeOut[] = [
  {
    rule: 'nested calls: a call leaves only when everything that it reflects is stable',
    without: { 'nested-when-stable': 'true' },
  },
  {
    rule: 'nested calls: no checkpoint is taken before a handler that got its reply has ended',
    without: { 'finished-before-checkpoint': 'true' },
  },
  {
    rule: 'nested calls: the reply of a handler that waited leaves when the order of its end is stable',
    without: { 'waited-when-stable': 'false' },
  },
  {
    rule: 'calling groups: a call that came before is not processed again',
    without: { 'came-before': ';' },
  },
  {
    rule: 'calling groups: a call of an older term is refused',
    without: { 'caller-term': 'false' },
  },
  {
    rule: 'calling groups: a reply is kept until it is settled',
    without: { 'kept-until-settled': 'true' },
  },
  {
    rule: 'calling groups: a settled call is not processed again',
    without: { 'settled-refused': 'false' },
  },
  {
    rule: 'calling groups: an id names one request',
    without: { 'id-names-request': 'false' },
  },
  {
    rule: 'calling groups: a call that comes again while its handler waits gets the same outcome',
    without: { 'ends-with-first': ';' },
  },
  {
    rule: 'calling groups: the refusal of a repeated call says nothing about the first one',
    without: { 'refused-is-no-end': 'false' },
  },
  {
    rule: 'calling groups: a checkpoint holds the replies',
    without: { 'checkpoint-of-callers': '[]' },
  },
  {
    rule: 'calling groups: a reply leaves only when it is stable',
    without: { 'nested-reply-when-stable': 'false' },
  },
];
