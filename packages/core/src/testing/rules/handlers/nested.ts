import type { Rule } from '../rule.js';

/** Calls that handlers make. */
export const NESTED_RULES: readonly Rule[] = [
  {
    rule: 'nested calls: a successor sends open calls again',
    scenario: 'nested-deposed',
    without: { 'nested-sent-again': ';' },
    lacks: 'S2  calls another service: g/2 1.0, perhaps again',
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
  {
    rule: 'nested calls: a successor says of a call that its predecessor may have sent it',
    scenario: 'nested-failover',
    without: { 'nested-marked-again': ';' },
    lacks: 'S2  calls another service: g/2 2.0, settled up to 1, perhaps again',
  },
];

/** Streams that handlers open at another group. */
export const NESTED_STREAM_RULES: readonly Rule[] = [
  {
    rule: 'nested streams: a group that opens a stream again goes on with it',
    scenario: 'callee-resumes',
    without: { 'opened-before': 'undefined' },
    lacks: 'T1  goes on with stream C1#1 as C2#1',
  },
  {
    rule: 'nested streams: items go on from where the calling group is',
    scenario: 'callee-resumes',
    without: { 'resume-behind-received': ';' },
    lacks: 'T1>C2  items 1.2 b=2 stable',
  },
  {
    rule: 'nested streams: messages go on behind the last one that was processed',
    scenario: 'callee-resumes-entering',
    without: { 'resume-behind-processed': ';' },
    lacks: 'T1  processes 5: a(1.1)',
  },
  {
    rule: 'nested streams: messages wait until the callee has found the stream that is opened again',
    scenario: 'callee-resumes',
    without: { 'parts-behind-opening': 'false' },
    shows: 'C2>T1  requests #2 b(1.2)',
  },
  {
    rule: 'nested streams: what a calling group may lack of an ended stream is kept until the call is settled',
    scenario: 'callee-resumes-ended',
    without: { 'nested-end-uncredited': 'false' },
    lacks: 'C2  again << a=1',
  },
  {
    rule: 'nested streams: an item reaches a calling group only when it is stable',
    scenario: 'callee-failover',
    without: { 'nested-items-when-stable': 'false' },
    shows: 'T1>C1  items 1.1 a=1, sourceOrderInfo 2=C1#2',
  },
  {
    rule: 'nested streams: a calling group forgets a message only when its order is stable',
    scenario: 'callee-failover',
    without: { 'nested-part-when-stable': 'false' },
    shows: 'T1>C1  replies #2 done, sourceOrderInfo 2=C1#2',
  },
  {
    rule: 'nested streams: the streams of a session that says goodbye wait for the next primary of their group',
    scenario: 'callee-goodbye',
    without: { 'nested-streams-outlive': 'true' },
    lacks: 'T1  goes on with stream C1#1 as C2#1',
  },
  {
    rule: "nested streams: a change of the callee's primary does not cancel a stream that was left",
    scenario: 'callee-left',
    without: { 'nested-streams-left': 'false' },
    lacks: 'T2  goes on with stream C1#1 as C2#1',
  },
];
