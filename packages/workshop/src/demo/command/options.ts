/** The command lines of the demo and of the run through all modes. */
import { fileURLToPath } from 'node:url';
import type { Mode } from '@understudy/examples/common/mode.js';
import { addModeOptions, modeOf, wholeNumberOf } from '@understudy/examples/common/mode-options.js';
import { Command, Option } from 'commander';
import { EXAMPLES, type ExampleName } from '../stage/examples.js';

export const SHIPPED_OPERATIONS = fileURLToPath(new URL('../../../data/operations.csv', import.meta.url));

/** The options that the demo of every example has. */
export interface RunOptions {
  readonly replicas: number;
  /** How many primaries to kill; fewer than `replicas`. */
  readonly kills: number;
  readonly mode: Mode;
  readonly timeoutS: number;
  /** Keep the logs even if the run succeeds. */
  readonly keep: boolean;
}

/** The options of the bank's demo. */
export interface DemoOptions extends RunOptions {
  /** Path of the file of operations. */
  readonly input: string;
  readonly inFlight: number;
  /** How many operations to send before the measured part. */
  readonly warmUp: number;
}

/** How many clients call a service with streams, and how many messages they send. */
export interface StreamsVolume {
  /** How many clients there are, each with a stub and streams of its own. */
  readonly clients: number;
  /** How many notes or messages each client sends. */
  readonly messages: number;
}

/** The options of the demos with streams. */
export interface StreamsOptions extends RunOptions, StreamsVolume {
  /** Run only one server without replicas, and kill nothing. */
  readonly bare: boolean;
}

/** The example to show, and its options. */
export type Wish =
  | { readonly example: 'bank'; readonly options: DemoOptions }
  | { readonly example: 'route-guide' | 'chat'; readonly options: StreamsOptions }
  /** A handler that does something else on each replica. */
  | { readonly example: 'divergence' };

/** Exit status for a wrong command line or a mistake in the file of operations. */
export const EXIT_BAD_INPUT = 2;

type DemoArguments = Omit<DemoOptions & StreamsOptions, 'mode'> &
  Mode & { readonly example: ExampleName; readonly diverge: boolean };

/** The options that only one kind of example has. */
const OF_BANK = ['input', 'inFlight', 'warmUp'] as const;
const OF_STREAMS = ['clients', 'messages', 'bare'] as const;

/** Adds the options that both the demo and the run through all modes have. */
export const addRunOptions = (command: Command): Command =>
  command
    .option('--replicas <n>', 'how many replicas, each a process', wholeNumberOf(1, 9), 3)
    .option('--kills <n>', 'how many primaries to kill, fewer than replicas', wholeNumberOf(0, 8), 2)
    .option('--timeout-s <s>', 'seconds after which the demo gives up', wholeNumberOf(1, 86_400), 180)
    .option('--keep', "keep the processes' logs even if all is well", false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT));

export const addBankOptions = (command: Command): Command =>
  command
    .option('--input <file>', 'CSV file of operations', SHIPPED_OPERATIONS)
    .option('--in-flight <n>', 'how many operations are in flight at once', wholeNumberOf(1, 10_000), 64)
    .option('--warm-up <n>', 'how many operations to send before measuring', wholeNumberOf(4, 1_000_000), 4_000);

const addStreamsOptions = (command: Command): Command =>
  command
    .option('--clients <n>', 'how many walkers or participants, each with streams', wholeNumberOf(1, 100), 12)
    .option('--messages <n>', 'how many notes or messages each of them sends', wholeNumberOf(1, 100_000), 200)
    .option('--bare', 'run one server without replicas and kill nothing', false);

const commandOfDemo = (): Command => {
  const command = new Command('demo').description(
    'Calls a replicated service, kills its primary again and again, and proves that nothing\n' +
      'was lost, doubled or reordered. Ends with status 1 if the proof fails.',
  );
  const example = new Option('--example <name>', 'which service to replicate').choices(EXAMPLES).default('bank');
  command.option('--diverge', 'show a handler that differs from replica to replica: found, and healed', false);
  addRunOptions(addModeOptions(command.addOption(example)));
  addBankOptions(command.optionsGroup('The bank, all calls unary:'));
  return addStreamsOptions(command.optionsGroup('The route guide and the chat, with streams:'));
};

/** Reads the command line. Ends the process with `EXIT_BAD_INPUT` if it is wrong. */
export function parseDemoOptions(argv: readonly string[]): Wish {
  const command = commandOfDemo().parse(argv);
  const { example, clients, messages, bare, ...parsed } = command.opts<DemoArguments>();
  if (parsed.diverge) return { example: 'divergence' };
  const mode = modeOf(parsed);
  refuse(command, example, example === 'bank' ? OF_STREAMS : OF_BANK);
  if (example === 'bank') return { example, options: optionsOf(command, mode) };
  return { example, options: { ...runOptionsOf(command, mode), clients, messages, bare } };
}

/** Ends the process if an option was given that this example would ignore. */
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
