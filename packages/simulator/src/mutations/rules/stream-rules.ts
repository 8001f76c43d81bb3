import type { RuleToTakeOut } from '@understudy/core/testing';

/** Rules of streams (DESIGN 5.8), beside those with scenarios. */
export const STREAM_RULES: readonly RuleToTakeOut[] = [
  {
    rule: 'streams: a new primary goes on from the first item that the client lacks',
    without: { 'go-on-from-received': ';' },
  },
  {
    rule: 'streams: an item that comes again is not delivered again',
    without: { 'item-once': 'false' },
  },
  {
    rule: 'streams: items are released under the release rule',
    without: { 'items-released': 'true' },
  },
  {
    rule: 'streams: no checkpoint is taken while a handler lives',
    without: { 'no-streams-in-checkpoint': 'true' },
  },
  {
    rule: 'streams: an item is dropped once its client has taken it',
    without: { 'drop-taken': ';' },
  },
  {
    rule: "streams: handlers of a dead client's streams learn of it in order",
    without: { 'cancel-before-expiry': 'true' },
  },
  {
    rule: 'streams: a client is at most a window ahead of the handler',
    without: { 'send-within-window': 'false', 'invite-when-sent': 'false', 'invite-within-window': 'false' },
  },
];
