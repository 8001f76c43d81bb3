/** The command line of the exhaustive mode. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { wholeNumberOf } from '../../command/arguments.js';
import type { Bound } from '../search/children.js';
import { MODES, type Mode, nameOf, OPERATIONS_MAX } from '../window/scenario.js';

/** The options of the exhaustive mode. */
export interface ExhaustiveOptions {
  readonly modes: readonly Mode[];
  readonly operations: number;
  readonly bound: Bound;
  readonly jobs: number;
  /** A run to replay, as the command printed it. */
  readonly replay: string | undefined;
}

export const EXIT_BAD_INPUT = 2;

interface Given {
  readonly mode: Mode | undefined;
  readonly operations: number;
  readonly deviations: number;
  readonly crashes: number;
  readonly together: number;
  readonly jobs: number;
  readonly replay: string | undefined;
}

/** Reads the command line. Ends the process with `EXIT_BAD_INPUT` if it is wrong. */
export function parseExhaustiveOptions(argv: readonly string[]): ExhaustiveOptions {
  const { mode, deviations, crashes, together, ...rest } = new Command('exhaustive')
    .description(
      'Plays two replicas and two clients through every crash point and every order of\n' +
        'delivery within a bound, in all 16 modes, and checks every promise each time.\n' +
        'Ends with status 1 if one did not hold.',
    )
    .configureHelp({ helpWidth: 100 })
    .option('--mode <mode>', 'search only this mode, such as semi-active,direct,concurrent,stream', modeOf)
    .option('--operations <n>', 'how many calls the two clients make', wholeNumberOf(1, OPERATIONS_MAX), OPERATIONS_MAX)
    .option('--deviations <n>', 'most steps that leave the default order', wholeNumberOf(0, 9), 2)
    .option('--crashes <n>', 'most processes that crash', wholeNumberOf(0, 9), 2)
    .option('--together <n>', 'most deviations and crashes together in one run', wholeNumberOf(0, 18), 2)
    .option(
      '--jobs <n>',
      'how many threads (default: one for each core)',
      wholeNumberOf(1, 256),
      availableParallelism(),
    )
    .option('--replay <run>', 'play only this run, as it was printed, and print a trace of it')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT))
    .parse(argv)
    .opts<Given>();
  return { ...rest, modes: mode === undefined ? MODES : [mode], bound: { deviations, crashes, together } };
}

function modeOf(text: string): Mode {
  const mode = MODES.find((one) => nameOf(one) === text);
  if (mode === undefined) throw new InvalidArgumentError(`It must be one of ${MODES.map(nameOf).join(' ')}.`);
  return mode;
}
