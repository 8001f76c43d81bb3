import type { Rule } from './rule.js';

/** Who may speak for whom. */
export const IDENTITY_RULES: readonly Rule[] = [
  {
    rule: 'identity: a session belongs to the client that opened it',
    scenario: 'rule-session-of-its-opener',
    without: { 'session-of-its-opener': 'false' },
    lacks: 'S1>C2  refused UNDERSTUDY_NOT_OWNER',
  },
  {
    rule: 'identity: so do the calls of a session that travel as RPCs',
    scenario: 'rule-session-of-its-opener',
    without: { 'rpc-of-its-session': 'false' },
    shows: 'S1  processes 1: m1',
  },
  {
    rule: 'identity: the name of a calling group belongs to whom it was first known to be of',
    scenario: 'callee-owner',
    without: { 'caller-owner': 'false' },
    lacks: 'T1  processes 4: n2 (other/2 4.0 by shop)',
  },
  {
    rule: 'identity: the term of a calling group that nobody knows cannot leap',
    scenario: 'callee-leap',
    without: { 'caller-leap': 'false' },
    lacks: 'T1  processes 3: n3 (other/8 4.0)',
  },
];
