/** The exhaustive mode: plays every schedule within a bound. */
import colors from 'picocolors';
import { EXIT_BAD_INPUT, type ExhaustiveOptions, parseExhaustiveOptions } from './command/options.js';
import { runAll, tasksOf } from './command/pool.js';
import { formatRun, parseRun, replay } from './command/replay.js';
import { costsOf, lineOf, sum } from './command/report.js';
import type { Summary } from './search/explore.js';
import { parseSchedule } from './search/schedule.js';
import type { Mode } from './window/scenario.js';

/** The exit code after a violation. */
const EXIT_VIOLATION = 1;
/** The search in a mode ends after so many violations, because more would tell nothing new. */
const SHOWN_MAX = 5;

async function search({ modes, operations, bound, jobs }: ExhaustiveOptions): Promise<number> {
  const { deviations, crashes, together } = bound;
  console.log(`2 replicas, 2 clients, ${operations} calls; at most ${deviations} deviations, ${crashes} crashes,`);
  console.log(`${together} of both together; ${jobs} threads\n`);
  const began = performance.now();
  const tasks = tasksOf(modes, operations, bound);
  const parts = new Map<Mode, Summary[]>(modes.map((mode) => [mode, []]));
  await runAll(tasks, jobs, ({ mode, part }, summary) => {
    const done = parts.get(mode) ?? [];
    done.push(summary);
    if (done.length === part.of) showMode(mode, operations, sum(done));
  });
  const total = sum([...parts.values()].flat());
  const seconds = (performance.now() - began) / 1000;
  console.log(`\n${total.schedules} schedules in ${seconds.toFixed(0)} s, ${(total.schedules / seconds).toFixed(0)}/s`);
  console.log(`by deviations+crashes: ${costsOf(total)}`);
  return total.violations.length > 0 ? EXIT_VIOLATION : 0;
}

function showMode(mode: Mode, operations: number, summary: Summary): void {
  console.log(lineOf(mode, summary));
  for (const { schedule, reason } of summary.violations.slice(0, SHOWN_MAX)) {
    console.log(`  ${colors.red('VIOLATION')} ${reason}`);
    console.log(`    --replay '${formatRun({ mode, operations, schedule: parseSchedule(schedule) })}'`);
  }
}

function replayOne(text: string): number {
  const { ending } = replay(parseRun(text), (line) => console.log(line));
  console.log(`ends ${ending}`);
  return ending === 'violated' ? EXIT_VIOLATION : 0;
}

const options = parseExhaustiveOptions(process.argv);
try {
  process.exitCode = options.replay === undefined ? await search(options) : replayOne(options.replay);
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = EXIT_BAD_INPUT;
}
