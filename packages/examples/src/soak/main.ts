import { interruption } from '../demo/interruption.js';
import { Interrupted } from '../demo/stage.js';
import { parseSoakOptions } from './options.js';
import { planOf } from './plan.js';
import { runLine, summary } from './report.js';
import { type Outcome, runPlan } from './run.js';

const EXIT_VIOLATION = 1;
const EXIT_INTERRUPTED = 130;

const { runs, seed, timeoutS, keep } = parseSoakOptions(process.argv);
const interrupt = interruption();
const outcomes: Outcome[] = [];
console.log(`${runs} runs from seed ${seed}, three replicas each, 64 operations in flight\n`);
try {
  for (let i = 0; i < runs; i++) {
    const outcome = await runPlan(planOf(seed + i), { timeoutS, interrupt, keep });
    outcomes.push(outcome);
    console.log(runLine(outcome, `${i + 1}/${runs}`));
  }
  if (outcomes.some(({ violations }) => violations.length > 0)) process.exitCode = EXIT_VIOLATION;
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  process.exitCode = EXIT_INTERRUPTED;
}
if (outcomes.length > 0) console.log(`\n${summary(outcomes)}`);
