import type { Mutation } from './mutation.js';

/** Rules of the design that no scenario is named after: only runs by seed show what each is there for. */
export const EXTRA_RULES: readonly Mutation[] = [];
