/** The program that runs the bank's demo in all 16 modes. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import type { Mode } from '@understudy/examples/common/mode.js';
import { CARRIERS, leaseOption, MULTICASTS, RELEASES, REPLICATIONS } from '@understudy/examples/common/mode-options.js';
import Table from 'cli-table3';
import { Command } from 'commander';
import colors from 'picocolors';
import { OperationsFileError, readOperations } from '../bank/operations-file.js';
import { addBankOptions, addRunOptions, type DemoOptions, EXIT_BAD_INPUT, optionsOf } from './command/options.js';
import { ratePerSecond } from './report/measure.js';
import { isProven } from './report/report.js';
import type { ReplicatedRun } from './report/runs.js';
import { runReplicated } from './run-demo.js';
import { silentProgress } from './show/progress.js';
import { TABLE_STYLE } from './show/table-style.js';
import { interruption } from './stage/interruption.js';
import { Interrupted, Stage } from './stage/stage.js';

/** How a run in one mode ended. */
interface Result {
  readonly mode: Mode;
  readonly run: ReplicatedRun | undefined;
  /** Why the run failed; undefined if it kept all promises. */
  readonly failure: string | undefined;
  /** The directory of the logs, if they were kept. */
  readonly dir: string;
}

/** Every combination of the choices that a user has. */
const modes = (leaseMs: number): Mode[] =>
  REPLICATIONS.flatMap((replication) =>
    MULTICASTS.flatMap((multicast) =>
      RELEASES.flatMap((release) => CARRIERS.map((carrier) => ({ replication, multicast, release, carrier, leaseMs }))),
    ),
  );

async function runMode(
  options: DemoOptions,
  operations: readonly Operation[],
  interrupt: AbortSignal,
): Promise<Result> {
  const { mode } = options;
  const stage = new Stage(options.timeoutS, interrupt);
  let run: ReplicatedRun | undefined;
  let failure: string | undefined;
  try {
    run = await runReplicated(stage, options, operations, silentProgress);
    if (!isProven(run)) failure = run.shortcomings[0] ?? run.verdict.problems[0]?.text ?? 'not proven';
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    await stage.end();
    if (failure === undefined && !options.keep) stage.removeDir();
  }
  return { mode, run, failure, dir: stage.dir };
}

function tableOf(results: readonly Result[]): string {
  const head = ['replication', 'multicast', 'release', 'carrier', 'calls/s', 'longest gaps', 'proof'];
  const table = new Table({
    ...TABLE_STYLE,
    head,
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'left'],
  });
  for (const { mode, run, failure } of results) {
    const proof = failure === undefined ? colors.green('ok') : colors.red('FAIL');
    table.push([mode.replication, mode.multicast, mode.release, mode.carrier, rateOf(run), gapsOf(run), proof]);
  }
  return table.toString();
}

const rateOf = (run: ReplicatedRun | undefined): string => {
  if (run === undefined) return '-';
  const { fileReplies, startedAtMs, endedAtMs } = run.record;
  return Math.round(ratePerSecond(fileReplies, startedAtMs, endedAtMs)).toLocaleString('en-US');
};

const gapsOf = (run: ReplicatedRun | undefined): string => {
  const gaps = run?.timeline.flatMap(({ gapMs }) => (gapMs === undefined ? [] : [gapMs.toFixed(0)])) ?? [];
  return gaps.length === 0 ? '-' : `${gaps.join(', ')} ms`;
};

async function main(): Promise<number> {
  const command = addBankOptions(
    addRunOptions(
      new Command('all-modes')
        .description(
          'Runs the demo of the bank in all 16 modes. Ends with status 1 if a run in any mode breaks a\npromise.',
        )
        .addOption(leaseOption()),
    ),
  ).parse();
  const interrupt = interruption();
  const operations = await readOperations(command.opts<{ input: string }>().input);
  const results: Result[] = [];
  const all = modes(command.opts<{ leaseMs: number }>().leaseMs);
  for (const mode of all) {
    const options = optionsOf(command, mode);
    const result = await runMode(options, operations, interrupt);
    results.push(result);
    const { replication, multicast, release, carrier } = mode;
    console.log(`${results.length}/${all.length} ${replication}, ${multicast}, ${release}, ${carrier}`);
    if (result.failure !== undefined) console.log(`  ${colors.red('FAIL')} ${result.failure}`);
    if (result.failure !== undefined || options.keep) console.log(`  logs: ${result.dir}`);
  }
  console.log(`\n${tableOf(results)}`);
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof OperationsFileError) process.exitCode = EXIT_BAD_INPUT;
  else if (error instanceof Interrupted) process.exitCode = 130;
  else throw error;
  console.error(error.message);
}
