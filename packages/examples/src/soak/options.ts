import { Command } from 'commander';
import { EXIT_BAD_INPUT } from '../demo/options.js';
import { wholeNumberOf } from '../hosting/mode-options.js';

export interface SoakOptions {
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

/** Reads the command line; ends the process with `EXIT_BAD_INPUT` if it makes no sense. */
export function parseSoakOptions(argv: readonly string[]): SoakOptions {
  const options = new Command('soak')
    .description(
      'Kills, ends, pauses and restarts replicas of a bank at random moments under load,\n' +
        'in all 16 modes in turn, and proves each time that nothing was lost, doubled or\n' +
        'reordered. Ends with status 1 if it was.',
    )
    .configureHelp({ helpWidth: 100 })
    .option('--runs <n>', 'how many runs', wholeNumberOf(1, 100_000), 50)
    .option('--kills <n>', 'as many runs as it takes to kill so many primaries', wholeNumberOf(1, 100_000))
    .option('--seed <n>', 'of the first run, each further run has the next (default: any)', wholeNumberOf(0, SEED_MAX))
    .option('--timeout-s <s>', 'seconds after which a run has failed', wholeNumberOf(1, 3_600), 60)
    .option('--keep', "keep the processes' logs of all runs", false)
    .option('--etcd', 'keep the record in an etcd that is started for it (the program must be installed)', false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT))
    .parse(argv)
    .opts<Omit<SoakOptions, 'seed' | 'kills'> & { readonly seed?: number; readonly kills?: number }>();
  return { ...options, kills: options.kills, seed: options.seed ?? Math.floor(Math.random() * SEED_MAX) };
}
