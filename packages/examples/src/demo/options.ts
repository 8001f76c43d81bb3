import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { Mode } from '../hosting/mode.js';
import { addModeOptions, modeOf, wholeNumberOf } from '../hosting/mode-options.js';

export const SHIPPED_OPERATIONS = fileURLToPath(new URL('../../data/operations.csv', import.meta.url));

export interface DemoOptions {
  /** A file of operations. */
  readonly input: string;
  readonly inFlight: number;
  readonly replicas: number;
  /** Primaries to kill; fewer than replicas. */
  readonly kills: number;
  readonly mode: Mode;
  /** Operations before anything is measured. */
  readonly warmUp: number;
  readonly timeoutS: number;
  /** Leave the logs where they are, however it ends. */
  readonly keep: boolean;
}

/** A wrong command line, or a file of operations that cannot be used. */
export const EXIT_BAD_INPUT = 2;

type Parsed = Omit<DemoOptions, 'mode'> & Mode;

/** Options that both the demo and the run through all modes have. */
export const addRunOptions = (command: Command): Command =>
  command
    .option('--input <file>', 'CSV file of operations', SHIPPED_OPERATIONS)
    .option('--in-flight <n>', 'operations under way at once', wholeNumberOf(1, 10_000), 64)
    .option('--replicas <n>', 'replicas, each a process', wholeNumberOf(1, 9), 3)
    .option('--kills <n>', 'primaries to kill, fewer than replicas', wholeNumberOf(0, 8), 2)
    .option('--warm-up <n>', 'operations before anything is measured', wholeNumberOf(4, 1_000_000), 4_000)
    .option('--timeout-s <s>', 'seconds after which it has failed', wholeNumberOf(1, 86_400), 180)
    .option('--keep', "keep the processes' logs", false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT));

/** Reads the command line; ends the process with `EXIT_BAD_INPUT` if it makes no sense. */
export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  const command = addModeOptions(
    addRunOptions(
      new Command('demo').description(
        'Drives a replicated bank, kills its primary again and again, and proves that\n' +
          'nothing was lost, doubled or reordered. Ends with status 1 if it was.',
      ),
    ),
  ).parse(argv);
  return optionsOf(command, modeOf(command.opts<Parsed>()));
}

export function optionsOf(command: Command, mode: Mode): DemoOptions {
  const { input, inFlight, replicas, kills, warmUp, timeoutS, keep } = command.opts<Parsed>();
  if (kills >= replicas) command.error(`error: ${kills} kills need at least ${kills + 1} replicas`);
  return { input, inFlight, replicas, kills, warmUp, timeoutS, keep, mode };
}
