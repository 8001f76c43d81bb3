import type { RuleToTakeOut } from '@understudy/core/testing';

/** Rules of streams (DESIGN 5.8). */
export const STREAM_RULES: readonly RuleToTakeOut[] = [
  {
    rule: 'streams: a primary goes on from what the client was given',
    without: { 'go-on-from-received': ';' },
  },
  {
    rule: 'streams: an item that comes again is not given again',
    without: { 'item-once': 'false' },
  },
  {
    rule: 'streams: items are released as replies are',
    without: { 'items-released': 'true' },
  },
  {
    rule: 'streams: no checkpoint is taken while a handler lives',
    without: { 'no-streams-in-checkpoint': 'true' },
  },
  {
    rule: 'streams: what was taken is kept no longer',
    without: { 'drop-taken': ';' },
  },
  {
    rule: 'streams: handlers of a dead client hear of it, in order',
    without: { 'cancel-before-expiry': 'true' },
  },
  {
    rule: 'streams: a client is no more than a window ahead of the handler',
    without: { 'send-within-window': 'false', 'invite-when-sent': 'false', 'invite-within-window': 'false' },
  },
];
