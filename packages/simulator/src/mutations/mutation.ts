import { RULES, type Rule } from '@understudy/core/testing';
import { EXTRA_RULES } from './extra-rules.js';
import { SEEDS_TO_NOTICE } from './seeds-to-notice.js';

/** A rule of the design, and how to take it out of the compiled core. */
export type Mutation = Pick<Rule, 'rule' | 'changes'>;

/** Those that a scenario tells of first, then those that only runs by seed need. */
export const MUTATIONS: readonly Mutation[] = [...RULES, ...EXTRA_RULES];

/** The drill in which the lack of the rule shows; undefined: runs without drills. */
export const drillFor = ({ rule }: Mutation): string | undefined => SEEDS_TO_NOTICE[rule]?.drill;
