/** The command line of the benchmark. */
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { LARGE_MIB, SECTIONS, type Section, type Settings } from './measure/settings.js';
import { BARE, variantsOf } from './measure/variants.js';
import { DEFAULT_LEASE_MS, type Mode, MULTICASTS, REPLICATIONS } from './service/service-config.js';

interface Parsed {
  readonly only: readonly Section[];
  readonly variants: readonly string[];
  readonly rounds?: number;
  readonly seconds?: number;
  readonly replicas: number;
  readonly warmUp: number;
  readonly inFlight: number;
  readonly failovers?: number;
  readonly logLengths?: readonly number[];
  readonly recoveries?: number;
  readonly joinings?: number;
  readonly stateMib?: number;
  readonly callsPerSecond: number;
  readonly sessions: readonly number[];
  readonly largeMib: readonly number[];
  readonly replication: Mode['replication'];
  readonly multicast: Mode['multicast'];
  readonly leaseMs: number;
  readonly disturbed: boolean;
  readonly quick: boolean;
  readonly profile?: string;
  readonly json?: string;
}

/** Sections that need a backup, so they cannot be measured with one replica. */
const OF_SEVERAL: ReadonlySet<Section> = new Set<Section>(['failover', 'recovery', 'joining']);

/** How much is measured unless an option says otherwise. */
const FULL = {
  rounds: 5,
  seconds: 3,
  failovers: 20,
  logLengths: [1_000, 10_000, 100_000],
  recoveries: 5,
  joinings: 3,
  stateMib: 64,
};
const QUICK = {
  rounds: 2,
  seconds: 1.5,
  failovers: 3,
  logLengths: [1_000, 10_000],
  recoveries: 1,
  joinings: 1,
  stateMib: 16,
};

/** Reads the command line. Ends the process with `EXIT_BAD_INPUT` if it makes no sense. */
export function parseSettings(command: Command, argv: readonly string[]): Settings {
  const options = addOptions(command).parse(argv).opts<Parsed>();
  const ofSeveral = options.only.filter((section) => OF_SEVERAL.has(section));
  if (options.replicas === 1 && ofSeveral.length > 0)
    command.error(`error: ${ofSeveral.join()} needs at least two replicas`);
  const defaults = options.quick ? QUICK : FULL;
  const { replication, multicast, leaseMs, profile, json } = options;
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  return {
    only: options.only,
    variants: options.variants,
    replicas: options.replicas,
    rounds: options.rounds ?? defaults.rounds,
    seconds: options.seconds ?? defaults.seconds,
    warmUpSeconds: options.warmUp,
    inFlight: options.inFlight,
    disturbed: options.disturbed,
    failovers: options.failovers ?? defaults.failovers,
    logLengths: options.logLengths ?? defaults.logLengths,
    recoveries: options.recoveries ?? defaults.recoveries,
    joining: {
      count: options.joinings ?? defaults.joinings,
      stateMib: options.stateMib ?? defaults.stateMib,
      callsPerSecond: options.callsPerSecond,
    },
    largeMib: options.largeMib,
    idleSessions: options.sessions,
    mode: { replication, multicast, leaseMs },
    profile,
    json,
  };
}

const IDLE_SESSIONS = [0, 100, 1_000];

/** The exit code for a wrong command line. */
export const EXIT_BAD_INPUT = 2;

function addOptions(command: Command): Command {
  const names = variantNames();
  return command
    .name('bench')
    .description(
      'Compares a replicated service with the same service on its own. Every variant is measured once in every round, ' +
        `in fresh processes. This machine has ${availableParallelism()} cores for the client and all replicas together, ` +
        'so look at the ratios to the bare service.',
    )
    .addOption(listed('--only <sections>', 'what to measure', SECTIONS, listOf(SECTIONS), SECTIONS))
    .addOption(listed('--variants <names>', 'which variants', names, variantList(names), []))
    .option('--replicas <n>', 'number of replicas, each a process', wholeNumberOf(1, 9), 3)
    .option('--rounds <n>', 'rounds of throughput, latency and streams (5)', numberOf(1, 1_000))
    .option('--seconds <s>', 'length of a measured stretch, seconds (3)', numberOf(0.1, 3_600))
    .option('--warm-up <s>', 'least full load before anything is measured, seconds', numberOf(0, 3_600), 2)
    .option('--in-flight <n>', 'calls in flight at full load', wholeNumberOf(1, 10_000), 64)
    .option('--failovers <n>', 'number of crashes, and of hand-overs (20)', wholeNumberOf(1, 10_000))
    .option('--log-lengths <list>', 'calls before the crash of a passive group', lengths)
    .option('--recoveries <n>', 'crashes at each log length (5)', wholeNumberOf(1, 10_000))
    .option('--joinings <n>', 'number of replicas that join (3)', wholeNumberOf(1, 1_000))
    .option('--state-mib <n>', 'state of a group that a replica joins, MiB (64)', wholeNumberOf(1, 16_384))
    .option('--calls-per-second <n>', 'calls made while a replica joins', wholeNumberOf(1, 100_000), 2_000)
    .addOption(
      new Option('--sessions <list>', 'sessions of an idle group, joined by commas')
        .argParser(sessionCounts)
        .default(IDLE_SESSIONS, IDLE_SESSIONS.join()),
    )
    .addOption(
      new Option('--large-mib <list>', `sizes of large messages: some of ${LARGE_MIB.join(', ')}, joined by commas`)
        .argParser((text) => listOf(LARGE_MIB.map(String))(text).map(Number))
        .default(LARGE_MIB, 'all'),
    )
    .addOption(choice('--replication <how>', 'what the backups do', REPLICATIONS))
    .addOption(choice('--multicast <to>', 'to whom the primary announces the order', MULTICASTS))
    .option('--lease-ms <ms>', 'lease of the primary, milliseconds', wholeNumberOf(20, 20_000), DEFAULT_LEASE_MS)
    .option(
      '--disturbed',
      'measure throughput also beside a process that keeps every core busy, and count the changes of primary, ' +
        'at full load and, with failover, at light load; both take --seconds',
      false,
    )
    .option('--quick', '2 rounds of 1.5 s, 3 failovers, 1 recovery, 1 joining: a look, not a measurement', false)
    .option('--profile <dir>', 'write CPU profiles of the measured processes, which slows them')
    .option('--json <file>', 'write the full report')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_BAD_INPUT));
}

const variantNames = (): readonly string[] =>
  variantsOf({ replication: 'semi-active', multicast: 'direct', leaseMs: DEFAULT_LEASE_MS }).map(({ name }) =>
    toOption(name),
  );

/** Reports write a variant's name with a space, the command line writes it with a hyphen. */
const toOption = (name: string): string => name.replace(' ', '-');

const variantList = (names: readonly string[]) => (text: string) =>
  [BARE, ...listOf(names)(text)].map((name) => name.replace('-', ' '));

const choice = (flags: string, description: string, choices: readonly [string, ...string[]]): Option =>
  new Option(flags, description).choices(choices).default(choices[0]);

const listed = <T>(flags: string, what: string, names: readonly string[], parse: (text: string) => T, all: T): Option =>
  new Option(flags, `${what}: some of ${names.join(', ')}, joined by commas`).argParser(parse).default(all, 'all');

const listOf =
  <T extends string>(allowed: readonly T[]) =>
  (text: string): readonly T[] => {
    const words = text.split(',');
    const found = allowed.filter((each) => words.includes(each));
    if (found.length !== words.length) throw new InvalidArgumentError(`It must be a list of ${allowed.join()}.`);
    return found;
  };

const numberOf =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`It must be from ${min} to ${max}.`);
    return value;
  };

const wholeNumberOf =
  (min: number, max: number) =>
  (text: string): number => {
    const value = numberOf(min, max)(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
    return value;
  };

const sessionCounts = (text: string): readonly number[] => text.split(',').map(wholeNumberOf(0, 20_000));

const lengths = (text: string): readonly number[] => text.split(',').map(wholeNumberOf(1, 900_000));
