/** The command line of the simulator. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DRILLS } from '../drills/index.js';
import { DRIFT_WITHIN_BOUND, type Drift, FAULTS, type PlanLimits } from '../plan/plan.js';
import type { Stretch } from '../trace/recording.js';
import { wrap } from '../trace/text.js';
import { wholeNumberOf } from './arguments.js';
import type { Output } from './output.js';

/** Extras that every run may be given, and what the help says of each. */
const EXTRAS = {
  streams: 'open streams in every run',
  nested: 'make handlers call another service in every run',
  upgrades: 'give replicas different settings and code wherever a run allows it',
  threads: 'give replicas liveness threads in every run',
  nestedStreams: 'make handlers open streams at another service in every run',
  values: 'make handlers ask for the time and for randomness in every run',
  once: 'make handlers run functions in the outside world in every run',
  timers: 'make handlers arm, repeat and clear timers in every run',
  deadly: 'have calls in every run that end every process that runs their handlers',
  digests: 'have replicas compare their states in every run',
} as const;
type Extra = keyof typeof EXTRAS;
const EXTRA_NAMES = Object.keys(EXTRAS) as readonly Extra[];

/** The options of many runs, which end with a summary. */
export interface ManyOptions {
  readonly seeds: number;
  readonly from: bigint;
  readonly workers: number;
  readonly bail: boolean;
  readonly json: boolean;
  readonly limits: PlanLimits;
  /** Options that the command line of a replay must repeat. */
  readonly repeat: string;
}

/** The options of one run, which prints a trace. */
export interface OneOptions {
  readonly seed: bigint;
  readonly trace: boolean;
  readonly diagram: string | undefined;
  readonly stretch: Stretch;
  readonly json: boolean;
  readonly limits: PlanLimits;
}

export type SimulatorOptions =
  | { readonly kind: 'many'; readonly many: ManyOptions }
  | { readonly kind: 'one'; readonly one: OneOptions };

interface Parsed extends Partial<Readonly<Record<Extra, true>>> {
  readonly seeds: number;
  readonly from?: bigint;
  readonly workers: number;
  readonly bail?: true;
  readonly json?: true;
  readonly seed?: bigint;
  readonly trace?: true;
  readonly diagram?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly without?: string[];
  readonly drift: keyof typeof DRIFTS;
  readonly drill?: string;
}

/** A clock drift far beyond the 5 % that the protocol allows. Leases then overlap, and the checks must notice it. */
const DRIFT_BEYOND_BOUND: Drift = { slowest: 0.6, fastest: 1.4 };
const DRIFTS = { within: DRIFT_WITHIN_BOUND, beyond: DRIFT_BEYOND_BOUND };
const LEAVABLE: readonly string[] = [
  ...FAULTS,
  'stuck',
  'admits',
  'drills',
  'streams',
  'oneWay',
  'nested',
  'nestedStreams',
  'values',
  'once',
  'timers',
  'agenda',
  'upgrades',
  'threads',
  'deadly',
  'digests',
];
const SEED_MAX = 2n ** 64n - 1n;

const HELP = `
Each seed is one run of a whole group: its mode, its clocks, its calls and its
faults. The same seed plays the same run. A run ends whole; blocked or
unavailable, where the design allows it after what happened; or violated.

Kinds for --without:
  ${wrap(LEAVABLE.join(', '), 76).join('\n  ')}

Exit codes: 0 nothing violated, 1 something violated or without a result,
2 wrong usage, 130 interrupted before anything was found.

Examples:
  npm run simulate -- --seeds 10000 --from 1
  npm run simulate -- --seed 7 --trace
  npm run simulate -- --seed 7 --diagram run.svg --from-ms 1000 --to-ms 1300`;

/** @throws CommanderError for help and for a wrong command line, after commander has printed the text */
export function parseOptions(args: readonly string[], { out, err }: Output): SimulatorOptions {
  const command = new Command('simulate')
    .description(
      'Plays groups of replicas on a virtual network and clock, with faults by seed,\nand checks every promise.',
    )
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err, getOutHelpWidth: () => 80 })
    .showSuggestionAfterError(false)
    .allowExcessArguments(false)
    .addOption(new Option('--seeds <n>', 'runs to play').argParser(wholeNumberOf(1, 1_000_000_000)).default(1000))
    .addOption(new Option('--from <seed>', 'the first seed (default: a fresh one)').argParser(seedOf))
    .addOption(
      new Option('--workers <n>', 'threads that play').argParser(wholeNumberOf(1, 256)).default(availableParallelism()),
    )
    .option('--bail', 'stop at the first violation')
    .option('--json', 'print the summary or the result as JSON')
    .addOption(
      new Option('--seed <seed>', 'play this one').argParser(seedOf).conflicts(['seeds', 'from', 'workers', 'bail']),
    )
    .addOption(new Option('--trace', 'of --seed: print what happens').conflicts('json'))
    .option('--diagram <file>', 'with --seed: draw the run; .mmd is Mermaid, .svg a picture', diagramFile)
    .option('--from-ms <ms>', 'trace and draw only from this virtual time on', wholeNumberOf(0, 1e9))
    .option('--to-ms <ms>', 'trace and draw only up to this virtual time', wholeNumberOf(0, 1e9))
    .option('--without <kinds>', 'leave out these kinds of faults, separated by commas', kindsOf)
    .addOption(
      new Option('--drift <range>', "clocks' drift: within its bound or far beyond")
        .choices(['within', 'beyond'])
        .default('within'),
    )
    .addOption(
      new Option('--drill <name>', 'lead every run into this situation').choices(DRILLS.map(({ name }) => name)),
    )
    .addHelpText('after', HELP);
  for (const name of EXTRA_NAMES) command.option(optionOf(name), EXTRAS[name]);
  command.parse(args, { from: 'user' });
  return optionsOf(command);
}

function optionsOf(command: Command): SimulatorOptions {
  const parsed = command.opts<Parsed>();
  const { seed, trace = false, bail = false, json = false, diagram, fromMs, toMs, without, drift, drill } = parsed;
  const limits: PlanLimits = {
    drift: DRIFTS[drift],
    ...(without === undefined ? {} : { without }),
    ...(drill === undefined ? {} : { drill }),
    ...Object.fromEntries(EXTRA_NAMES.filter((name) => parsed[name]).map((name) => [name, true])),
  };
  if (seed === undefined) {
    if (trace || diagram !== undefined) command.error('error: --trace and --diagram need --seed');
    if (fromMs !== undefined || toMs !== undefined) command.error('error: --from-ms and --to-ms need --seed');
    const { seeds, workers, from = randomBytes(8).readBigUInt64LE() } = parsed;
    return { kind: 'many', many: { seeds, from, workers, bail, json, limits, repeat: repeatOf(parsed) } };
  }
  if ((fromMs !== undefined || toMs !== undefined) && !trace && diagram === undefined)
    command.error('error: --from-ms and --to-ms need --trace or --diagram');
  const stretch = { fromMs: fromMs ?? 0, toMs: toMs ?? Number.POSITIVE_INFINITY };
  if (stretch.fromMs > stretch.toMs) command.error('error: --from-ms is after --to-ms');
  return { kind: 'one', one: { seed, trace, diagram, stretch, json, limits } };
}

const optionOf = (name: Extra): string => `--${name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;

function repeatOf(parsed: Parsed): string {
  const { without, drift, drill } = parsed;
  return (
    (without === undefined ? '' : ` --without ${without.join()}`) +
    (drift === 'within' ? '' : ` --drift ${drift}`) +
    (drill === undefined ? '' : ` --drill ${drill}`) +
    EXTRA_NAMES.filter((name) => parsed[name])
      .map((name) => ` ${optionOf(name)}`)
      .join('')
  );
}

function seedOf(text: string): bigint {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > SEED_MAX)
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${SEED_MAX}.`);
  return BigInt(text);
}

function kindsOf(text: string): string[] {
  const kinds = text.split(',');
  const unknown = kinds.find((kind) => !LEAVABLE.includes(kind));
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}' is not a kind; use ${LEAVABLE.join(', ')}.`);
  return kinds;
}

function diagramFile(text: string): string {
  if (!/\.(mmd|svg)$/.test(text)) throw new InvalidArgumentError('Its name must end in .mmd or .svg.');
  return text;
}
