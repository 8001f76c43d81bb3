import type { Rule } from '../rule.js';

/** Timers that handlers arm. */
export const TIMER_RULES: readonly Rule[] = [
  {
    rule: 'timers: the order of a timer has no earlier time than the timer was due',
    scenario: 'timer-failover',
    without: { 'timer-not-early': 'false' },
    shows: 'S2  processes 3 at 9000: timer 1.0',
  },
  {
    rule: 'timers: no copy of the state is made while functions wait to run',
    scenario: 'timer-waits',
    without: { 'no-raw-timers-in-checkpoint': 'true' },
    shows: 'S1>S2  checkpoint at 1 to start from',
  },
  {
    rule: 'timers: a copy of the state is made before handlers that may arm some',
    scenario: 'timer',
    without: { 'base-before-timers': 'false' },
    lacks: 'S1  takes a checkpoint',
  },
  {
    rule: 'timers: a copy made for a joiner is kept for a while, in case handlers arm some',
    scenario: 'timer-joining',
    without: { 'young-base': 'false' },
    lacks: 'S1>S3  checkpoint at 0 to start from',
  },
  {
    rule: 'timers: a checkpoint has those that are data',
    scenario: 'after-joining',
    without: { 'timers-in-checkpoint': ';' },
    lacks: 'S2  processes 5 at 1000: after expire 2.0',
  },
  {
    rule: 'timers: one that comes again and again began when the group did',
    scenario: 'every-failover',
    without: { 'every-begins-in-order': ';' },
    lacks: 'S2  processes 2 at 9000: every sweep',
  },
];
