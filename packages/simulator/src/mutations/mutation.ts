import { RULES, type RuleToTakeOut } from '@understudy/core/testing';
import { EXTRA_RULES } from './rules/extra-rules.js';
import { NESTED_RULES } from './rules/nested-rules.js';
import { STREAM_RULES } from './rules/stream-rules.js';
import { SEEDS_TO_NOTICE } from './seeds-to-notice.js';
import { NESTED, type Setting, STREAMS } from './setting.js';

/** A rule of the design, and how to take it out of the compiled core. */
export type Mutation = RuleToTakeOut;

/** Rules that a scenario needs, and hardly any seed. */
const HELD_BY_SCENARIOS: ReadonlySet<string> = new Set([
  'streams: one that the group does not know any more ends',
  'streams: nothing waits for an opening that was refused',
  'streams: one whose end was cut is cancelled',
  'streams: items are delivered as replies are',
  'streams: a message without an order when the primary changed is sent again',
  'collection from sessions: one that only read is heard when it is back',
  'streams: one whose last credit was cut is cancelled, though it is over',
  'streams: those of a connection end with it',
  'divergence: nobody joins from a base that is older',
  'session expiry: whose end is ordered is not welcomed any more',
  'backlog: streams are ended when a successor would have to replay too much',
  'backlog: new streams wait while those that are open may end',
  'handing over: what was ordered is published with the change, and nobody is asked',
  'handing over: the successor of a passive primary is given a copy of the state first',
  'streams: one whose client had seen what was cut ends',
  // The client has the body, too, until its new order is stable.
  'checkpoints: they cover no message that is yet to be processed',
  'streams: one that is not wanted any more is cancelled behind its opening',
  'bodies: what is stable says nothing of an order that was cut',
  'voiding: what a session sent is voided as soon as it is hung up on',
  // Noticed in 1,457 runs, which take long.
  'nested calls: what is settled has replies that are stable',
]);

/** Those with a scenario first, then those that only runs by seed need. */
export const ALL_RULES: readonly Mutation[] = [...RULES, ...EXTRA_RULES, ...STREAM_RULES, ...NESTED_RULES];

/** Those whose lack some seed shows. */
export const MUTATIONS: readonly Mutation[] = ALL_RULES.filter(({ rule }) => !HELD_BY_SCENARIOS.has(rule));

/** Where the lack of the rule shows: in runs with a drill, with streams, with nested calls, or without any. */
export const settingOf = ({ rule }: Mutation): Setting => {
  const { drill, streams, nested } = SEEDS_TO_NOTICE[rule] ?? {};
  if (drill !== undefined) return drill;
  if (nested) return NESTED;
  return streams ? STREAMS : undefined;
};
