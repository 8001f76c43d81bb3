import { beforeAll, describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutation.js';
import { type Finding, playUntouched, runMutations } from './run-mutations.js';
import { SEEDS_TO_NOTICE } from './seeds-to-notice.js';

/** Plays what `npm run build` made, since each rule is taken out of the compiled core. */
const TIMEOUT_MS = 600_000;
/** Whatever shows a lack was played without it, too; this is that the seeds are sound without exception. */
const UNTOUCHED_SEEDS = 2500;

describe('the simulator notices', () => {
  let findings: readonly Finding[] = [];

  beforeAll(async () => {
    findings = await runMutations({
      mutations: MUTATIONS.filter(({ rule }) => rule in SEEDS_TO_NOTICE),
      bound: ({ rule }) => SEEDS_TO_NOTICE[rule]?.seeds ?? 0,
    });
  }, TIMEOUT_MS);

  it('the lack of every rule, and says of each within how many seeds', () => {
    expect(Object.keys(SEEDS_TO_NOTICE).sort()).toEqual(MUTATIONS.map(({ rule }) => rule).sort());
  });

  it.each(Object.entries(SEEDS_TO_NOTICE))('the lack of "%s" within %o', (rule) => {
    expect(findings.find((finding) => finding.rule === rule)?.violation?.seed).toBeGreaterThan(0);
  });

  it(`nothing in ${UNTOUCHED_SEEDS} seeds where no rule is missing`, { timeout: TIMEOUT_MS }, async () => {
    expect(await playUntouched(UNTOUCHED_SEEDS)).toBeUndefined();
  });
});
