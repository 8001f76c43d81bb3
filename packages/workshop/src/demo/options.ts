import { fileURLToPath } from 'node:url';
import type { Mode } from '@understudy/examples/common/mode.js';
import { addModeOptions, modeOf, wholeNumberOf } from '@understudy/examples/common/mode-options.js';
import { Command, Option } from 'commander';
import { EXAMPLES, type ExampleName } from './examples.js';
import type { StreamsVolume } from './streams/job.js';

export const SHIPPED_OPERATIONS = fileURLToPath(new URL('../../data/operations.csv', import.meta.url));

/** What the demo of every example is told. */
export interface RunOptions {
  readonly replicas: number;
  /** Primaries to kill; fewer than replicas. */
  readonly kills: number;
  readonly mode: Mode;
  readonly timeoutS: number;
  /** Leave the logs where they are, however it ends. */
  readonly keep: boolean;
}

export interface DemoOptions extends RunOptions {
  /** A file of operations. */
  readonly input: string;
  readonly inFlight: number;
  /** Operations before anything is measured. */
  readonly warmUp: number;
}

export interface StreamsOptions extends RunOptions, StreamsVolume {
  /** Only against a server that nothing stands in for; nothing is killed. */
  readonly bare: boolean;
}

/** What is to be shown, and how. */
export type Wish =
  | { readonly example: 'bank'; readonly options: DemoOptions }
  | { readonly example: 'route-guide' | 'chat'; readonly options: StreamsOptions };

/** A wrong command line, or a file of operations that cannot be used. */
export const EXIT_BAD_INPUT = 2;

type DemoArguments = Omit<DemoOptions & StreamsOptions, 'mode'> & Mode & { readonly example: ExampleName };

/** The options that one kind of example has and the other has not. */
const OF_BANK = ['input', 'inFlight', 'warmUp'] as const;
const OF_STREAMS = ['clients', 'messages', 'bare'] as const;

/** Options that both the demo and the run through all modes have. */
export const addRunOptions = (command: Command): Command =>
  command
    .option('--replicas <n>', 'replicas, each a process', wholeNumberOf(1, 9), 3)
    .option('--kills <n>', 'primaries to kill, fewer than replicas', wholeNumberOf(0, 8), 2)
    .option('--timeout-s <s>', 'seconds after which it has failed', wholeNumberOf(1, 86_400), 180)
    .option('--keep', "keep the processes' logs", false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT));

export const addBankOptions = (command: Command): Command =>
  command
    .option('--input <file>', 'CSV file of operations', SHIPPED_OPERATIONS)
    .option('--in-flight <n>', 'operations under way at once', wholeNumberOf(1, 10_000), 64)
    .option('--warm-up <n>', 'operations before anything is measured', wholeNumberOf(4, 1_000_000), 4_000);

const addStreamsOptions = (command: Command): Command =>
  command
    .option('--clients <n>', 'walkers or participants, each with streams', wholeNumberOf(1, 100), 12)
    .option('--messages <n>', 'notes that each leaves, or messages that each says', wholeNumberOf(1, 100_000), 200)
    .option('--bare', 'only against one unreplicated server, killing nothing', false);

const commandOfDemo = (): Command => {
  const command = new Command('demo').description(
    'Drives a replicated service, kills its primary again and again, and proves that\n' +
      'nothing was lost, doubled or reordered. Ends with status 1 if it was.',
  );
  const example = new Option('--example <name>', 'what is replicated').choices(EXAMPLES).default('bank');
  addRunOptions(addModeOptions(command.addOption(example)));
  addBankOptions(command.optionsGroup('The bank, all calls unary:'));
  return addStreamsOptions(command.optionsGroup('The route guide and the chat, with streams:'));
};

/** Reads the command line; ends the process with `EXIT_BAD_INPUT` if it makes no sense. */
export function parseDemoOptions(argv: readonly string[]): Wish {
  const command = commandOfDemo().parse(argv);
  const { example, clients, messages, bare, ...parsed } = command.opts<DemoArguments>();
  const mode = modeOf(parsed);
  refuse(command, example, example === 'bank' ? OF_STREAMS : OF_BANK);
  if (example === 'bank') return { example, options: optionsOf(command, mode) };
  return { example, options: { ...runOptionsOf(command, mode), clients, messages, bare } };
}

/** An option that would do nothing is a mistake of whoever gives it. */
function refuse(command: Command, example: ExampleName, names: readonly (keyof DemoArguments)[]): void {
  for (const name of names)
    if (command.getOptionValueSource(name) === 'cli') {
      const flags = command.options.find((option) => option.attributeName() === name)?.long;
      command.error(`error: the example ${example} has no option ${flags}`);
    }
}

export function optionsOf(command: Command, mode: Mode): DemoOptions {
  const { input, inFlight, warmUp } = command.opts<DemoArguments>();
  return { ...runOptionsOf(command, mode), input, inFlight, warmUp };
}

function runOptionsOf(command: Command, mode: Mode): RunOptions {
  const { replicas, kills, timeoutS, keep } = command.opts<DemoArguments>();
  if (kills >= replicas) command.error(`error: ${kills} kills need at least ${kills + 1} replicas`);
  return { replicas, kills, timeoutS, keep, mode };
}
