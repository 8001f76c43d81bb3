/** The command line of the soak. */
import { leaseOption, wholeNumberOf } from '@understudy/examples/common/mode-options.js';
import { Command } from 'commander';
import { EXIT_BAD_INPUT } from '../../demo/command/options.js';
import type { StreamsSize } from '../streams/plan.js';

/** The options of the soak. */
export interface SoakOptions {
  /** Size of a run with streams of the counting service; undefined for runs with the bank. */
  readonly streams: StreamsSize | undefined;
  readonly runs: number;
  /** How many primaries to kill, in as many runs as that takes; replaces `runs`. */
  readonly kills: number | undefined;
  /** Seed of the first run; each further run has the next seed. */
  readonly seed: number;
  readonly timeoutS: number;
  readonly keep: boolean;
  /** Whether to keep the group's record in an etcd that is started for the soak. */
  readonly etcd: boolean;
}

const SEED_MAX = 999_999_999;
const TIMEOUT_S = 60;
const STREAMS_TIMEOUT_S = 600;

interface SoakArguments extends Omit<SoakOptions, 'streams' | 'kills' | 'seed' | 'timeoutS'> {
  readonly streams: boolean;
  readonly rounds: number;
  readonly open: number;
  readonly messages: number;
  readonly leaseMs: number;
  readonly kills?: number;
  readonly seed?: number;
  readonly timeoutS?: number;
}

/** Reads the command line. Ends the process with `EXIT_BAD_INPUT` if it is wrong. */
export function parseSoakOptions(argv: readonly string[]): SoakOptions {
  const options = new Command('soak')
    .description(
      'Kills, ends, pauses and restarts replicas of a bank at random moments under load,\n' +
        'in all 16 modes in turn, and proves each time that nothing was lost, doubled or\n' +
        'reordered. Ends with status 1 if a proof fails. With --streams, kills the primary of\n' +
        'a counting service amid many streams, in the 8 modes that streams have.',
    )
    .configureHelp({ helpWidth: 100 })
    .option('--runs <n>', 'how many runs', wholeNumberOf(1, 100_000), 50)
    .option('--kills <n>', 'how many primaries to kill, in as many runs as that takes', wholeNumberOf(1, 100_000))
    .option(
      '--seed <n>',
      'seed of the first run; each further run has the next (default: random)',
      wholeNumberOf(0, SEED_MAX),
    )
    .option(
      '--timeout-s <s>',
      `seconds after which a run fails (${TIMEOUT_S}; with --streams ${STREAMS_TIMEOUT_S})`,
      wholeNumberOf(1, 3_600),
    )
    .option('--keep', "keep the processes' logs even if all is well", false)
    .option('--etcd', "keep the group's record in an etcd that the soak starts (etcd must be installed)", false)
    .option('--streams', 'run bidirectional streams of the counting service instead of calls of the bank', false)
    .option('--open <n>', 'with --streams: how many are open at once', wholeNumberOf(1, 1_000), 50)
    .option('--messages <n>', 'with --streams: how many messages each carries', wholeNumberOf(1, 100_000), 1_000)
    .option(
      '--rounds <n>',
      'with --streams: how many rounds a run has, each with a kill and new streams',
      wholeNumberOf(1, 1_000),
      4,
    )
    .addOption(leaseOption('with --streams: lease of the primary, in milliseconds'))
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT))
    .parse(argv)
    .opts<SoakArguments>();
  const { rounds, open, messages, leaseMs, ...rest } = options;
  return {
    ...rest,
    streams: options.streams ? { rounds, streams: open, messages, leaseMs } : undefined,
    kills: options.kills,
    seed: options.seed ?? Math.floor(Math.random() * SEED_MAX),
    timeoutS: options.timeoutS ?? (options.streams ? STREAMS_TIMEOUT_S : TIMEOUT_S),
  };
}
