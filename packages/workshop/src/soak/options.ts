import { leaseOption, wholeNumberOf } from '@understudy/examples/common/mode-options.js';
import { Command } from 'commander';
import { EXIT_BAD_INPUT } from '../demo/options.js';
import type { StreamsSize } from './streams/plan.js';

export interface SoakOptions {
  /** Streams of a counting service instead of the bank's calls; undefined: the bank. */
  readonly streams: StreamsSize | undefined;
  readonly runs: number;
  /** As many runs as it takes to kill so many primaries; `runs` does not count then. */
  readonly kills: number | undefined;
  /** Of the first run; each further run has the next. */
  readonly seed: number;
  readonly timeoutS: number;
  readonly keep: boolean;
  /** The record is kept in an etcd that is started for the soak. */
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

/** Reads the command line; ends the process with `EXIT_BAD_INPUT` if it makes no sense. */
export function parseSoakOptions(argv: readonly string[]): SoakOptions {
  const options = new Command('soak')
    .description(
      'Kills, ends, pauses and restarts replicas of a bank at random moments under load,\n' +
        'in all 16 modes in turn, and proves each time that nothing was lost, doubled or\n' +
        'reordered. Ends with status 1 if it was. With --streams the primary of a counting\n' +
        'service is killed in the middle of many streams, in the 8 modes that streams have.',
    )
    .configureHelp({ helpWidth: 100 })
    .option('--runs <n>', 'how many runs', wholeNumberOf(1, 100_000), 50)
    .option('--kills <n>', 'as many runs as it takes to kill so many primaries', wholeNumberOf(1, 100_000))
    .option('--seed <n>', 'of the first run, each further run has the next (default: any)', wholeNumberOf(0, SEED_MAX))
    .option(
      '--timeout-s <s>',
      `seconds after which a run has failed (${TIMEOUT_S}; with --streams ${STREAMS_TIMEOUT_S})`,
      wholeNumberOf(1, 3_600),
    )
    .option('--keep', "keep the processes' logs of all runs", false)
    .option('--etcd', 'keep the record in an etcd that is started for it (the program must be installed)', false)
    .option('--streams', 'bidirectional streams instead of calls', false)
    .option('--open <n>', 'with --streams: so many at once', wholeNumberOf(1, 1_000), 50)
    .option('--messages <n>', 'with --streams: messages on each', wholeNumberOf(1, 100_000), 1_000)
    .option('--rounds <n>', 'with --streams: kills of a run, each amid new streams', wholeNumberOf(1, 1_000), 4)
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
