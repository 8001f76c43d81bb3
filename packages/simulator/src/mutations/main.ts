#!/usr/bin/env node
import { Command } from 'commander';
import { MUTATIONS } from './mutation.js';
import { markdownOf, textOf } from './report.js';
import { type Finding, runMutations } from './run-mutations.js';
import { SEEDS_TO_NOTICE } from './seeds-to-notice.js';

const EXIT_INTERRUPTED = 130;

const { rule, bound, search, markdown } = new Command('mutations')
  .description('Takes each rule out of the core and plays seeds until the simulator notices.')
  .option('--rule <text...>', 'only rules with one of these texts in their names', [''])
  .option('--bound <seeds>', 'seeds to play for each rule at most', Number, 1000)
  .option('--search', 'search from seed 1 on; otherwise the known seed of each rule comes first')
  .option('--markdown', 'the findings as a table')
  .parse()
  .opts<{ rule: string[]; bound: number; search?: true; markdown?: true }>();

// The processes that play end with this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(EXIT_INTERRUPTED));

const findings = await runMutations({
  mutations: MUTATIONS.filter((mutation) => rule.some((text) => mutation.rule.includes(text))),
  bound,
  witness: (mutation) => (search ? undefined : SEEDS_TO_NOTICE[mutation.rule]?.seed),
  onFinding: (finding: Finding) => console.error(textOf(finding)),
});
if (markdown) console.log(markdownOf(findings));
process.exitCode = findings.every(({ violation }) => violation !== undefined) ? 0 : 1;
