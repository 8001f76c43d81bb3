import type { Rule } from './rule.js';

/** Streams: their messages, their items, and their ends. */
export const STREAM_RULES: readonly Rule[] = [
  {
    rule: 'streams: a stream that nobody wants any more is cancelled behind its opening',
    scenario: 'walk-stream-admitted-unwanted',
    without: { 'cancel-behind-opening': 'true' },
    shows: 'S2  processes 1: cancel(1)',
  },
  {
    rule: 'backlog: streams are ended when a successor would have to replay too much',
    scenario: 'stream-backlog',
    without: { 'end-at-backlog-bound': ';' },
    lacks: 'S1  processes 7: cancel(1)',
  },
  {
    rule: 'backlog: new streams wait for a while so that the open ones may end',
    scenario: 'stream-backlog',
    without: { 'drain-backlog': 'true' },
    lacks: 'S1: 1 without an order',
  },
  {
    rule: 'streams: messages of a stream are ordered by their position',
    scenario: 'walk-stream-position',
    without: { 'ordered-by-position': 'false' },
    shows: 'C1  s1 << b=1',
  },
  {
    rule: 'streams: a stream that the group no longer knows ends',
    scenario: 'stream-forced',
    without: { 'unknown-stream-ends': 'undefined' },
    lacks: 'S2>C1  items 1.2 status stable',
  },
  {
    rule: 'streams: nothing waits for an opening that was refused',
    scenario: 'walk-stream-ends-after-refusal',
    without: { 'forget-refused': ';' },
    lacks: 'C1  ended',
  },
  {
    rule: 'streams: a stream whose end was cut is cancelled',
    scenario: 'walk-stream-end-cut',
    without: { 'cancel-ended': ';' },
    lacks: 'S2  processes 2: cancel(1)',
  },
  {
    rule: 'streams: items are delivered under the delivery rule',
    scenario: 'stream-delivery',
    without: { 'items-in-time': 'true' },
    shows: 'C1  s1 << a=1',
  },
  {
    rule: 'streams: a message that had no order when the primary changed is sent again',
    scenario: 'stream-voided',
    without: { 'send-voided-again': ';' },
    lacks: 'S2  processes 4: a(3.1)',
  },
  {
    rule: 'streams: a stream whose client had seen what was cut ends',
    scenario: 'stream-torn',
    without: { 'torn-streams-end': 'false' },
    lacks: 'C1  failed s1 ! UNDERSTUDY_INDETERMINATE, may have taken effect',
  },
  {
    rule: 'streams: a stream ends whose client had seen what a forced record lacks',
    scenario: 'stream-forced-back',
    without: { 'stable-may-be-cut': 'false' },
    lacks: 'C1  failed s1 ! UNDERSTUDY_INDETERMINATE, may have taken effect',
  },
  {
    rule: 'streams: what a handler sends by itself may leave only with the order that is being processed',
    scenario: 'stream-late-item',
    without: { 'late-reflects-running': 'undefined' },
    shows: 'S1>C1  items 1.1 status stable',
  },
  {
    rule: 'streams: a finished stream whose last credit was cut is cancelled',
    scenario: 'walk-stream-credit-cut',
    without: { 'cancel-though-over': 'true' },
    lacks: 'S2  processes 3: cancel(1)',
  },
  {
    rule: 'streams: what a stream sent before its new primary served goes out, though the session opened it after its answer',
    scenario: 'walk-stream-opened-after-the-word',
    without: { 'offer-opened-since': ';' },
    lacks: 'C1  s1 << a=1',
  },
  {
    rule: 'streams: the streams of a connection end with it',
    scenario: 'stream-ends-apart',
    without: { 'streams-end-with-connection': ';' },
    lacks: 'S2>S1  checkpoint at 2 to start from',
  },
];
