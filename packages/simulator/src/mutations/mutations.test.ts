import { beforeAll, describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutation.js';
import { type Finding, runMutations } from './run-mutations.js';
import { SEEDS_TO_NOTICE } from './seeds-to-notice.js';

/**
 * Each rule is taken out, and a seed that showed its lack before is played: with the rule it must keep every promise, and
 * without the rule break one. If that seed shows it no longer, others are searched. It plays what `npm run build` made.
 */
describe('a core without a rule breaks a promise, and the simulator notices', () => {
  let findings: readonly Finding[] = [];

  beforeAll(async () => {
    findings = await runMutations({
      mutations: MUTATIONS.filter(({ rule }) => rule in SEEDS_TO_NOTICE),
      witness: ({ rule }) => SEEDS_TO_NOTICE[rule]?.seed,
      bound: ({ rule }) => SEEDS_TO_NOTICE[rule]?.seeds ?? 0,
    });
    const moved = findings.filter(({ rule, violation }) => violation?.seed !== SEEDS_TO_NOTICE[rule]?.seed);
    for (const { rule, violation } of moved) console.log(`"${rule}" shows at seed ${violation?.seed} now`);
  });

  it('every rule has a seed unless only a scenario shows its lack', () => {
    expect(Object.keys(SEEDS_TO_NOTICE).sort()).toEqual(MUTATIONS.map(({ rule }) => rule).sort());
  });

  it.each(Object.keys(SEEDS_TO_NOTICE))('%s', (rule) => {
    expect(findings.find((finding) => finding.rule === rule)?.violation?.seed).toBeGreaterThan(0);
  });
});
