import type { Rule } from '../rule.js';

/** Handlers that wait until other calls wake them. */
export const WAITING_RULES: readonly Rule[] = [
  {
    rule: 'waiting: a handler that waits for others counts as one that stays, so replicas join from before it',
    scenario: 'wait-joining',
    without: { 'waits-stay': 'false' },
    lacks: 'S1>S2  checkpoint at 1 to start from',
  },
  {
    rule: 'waiting: a copy of the state is made before a call that may wait for others',
    scenario: 'wait-joining',
    without: { 'base-before-waits': 'false' },
    lacks: 'S1>S2  checkpoint at 1 to start from',
  },
  {
    rule: 'waiting: a call that was given up before it waits is cancelled once it does',
    scenario: 'wait-cancelled',
    without: { 'cancel-once-it-waits': ';' },
    lacks: 'S1  processes 4: cancel(3)',
  },
  {
    rule: 'waiting: the calls of plain clients end with the primary that had their RPCs',
    scenario: 'wait-plain',
    without: { 'foreign-waits-end': ';' },
    lacks: 'S2  processes 5: cancel(2)',
  },
  {
    rule: 'waiting: the calls of a client that is gone for good are cancelled before its records are freed',
    scenario: 'wait-expires',
    without: { 'waits-end-with-connection': 'true' },
    lacks: 'S1  processes 2: cancel(1)',
  },
  {
    rule: 'waiting: a call is cancelled when its deadline has passed and no caller says so',
    scenario: 'wait-deadline',
    without: { 'waits-end-at-deadline': ';' },
    lacks: 'S1  processes 2 at 5000: cancel(1)',
  },
  {
    rule: 'waiting: calls that wait are ended when a successor would have to replay too much',
    scenario: 'wait-backlog',
    without: { 'waits-end-at-backlog': ';' },
    lacks: 'S1  processes 7: cancel(1)',
  },
  {
    rule: 'waiting: no call begins to wait while others are ended so that the state can be copied',
    scenario: 'wait-backlog',
    without: { 'no-waits-at-backlog': 'false' },
    shows: 'S1  processes 6: wait-b',
  },
];
