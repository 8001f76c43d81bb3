/** The soak: runs a replicated service under load again and again, with faults at random moments. */
import { EtcdProcess } from '@understudy/coordinator-etcd/testing';
import { interruption } from '../../demo/stage/interruption.js';
import { Interrupted } from '../../demo/stage/stage.js';
import { planOf } from '../plan.js';
import { runLine, summary } from '../report.js';
import { type Outcome, runPlan, type SoakRunOptions } from '../run.js';
import { type StreamsSize, streamsPlanOf } from '../streams/plan.js';
import { killsOf, streamsRunLine, streamsSummary } from '../streams/report.js';
import { runStreamsPlan, type StreamsOutcome } from '../streams/run.js';
import { parseSoakOptions, type SoakOptions } from './options.js';

const EXIT_VIOLATION = 1;
const EXIT_INTERRUPTED = 130;

/** The kind of run that is repeated, and the lines that report it. */
interface Soak<O> {
  readonly what: string;
  run(seed: number, options: SoakRunOptions): Promise<O>;
  killsOf(outcome: O): number;
  line(outcome: O, progress: string): string;
  summary(outcomes: readonly O[]): string;
}

const BANK: Soak<Outcome> = {
  what: '64 operations in flight',
  run: (seed, options) => runPlan(planOf(seed), options),
  killsOf: ({ faults }) => faults.filter(({ fault }) => fault === 'kill-primary').length,
  line: runLine,
  summary,
};

const streamsOf = (size: StreamsSize): Soak<StreamsOutcome> => ({
  what: `${size.streams} streams at once, ${size.messages} messages on each`,
  run: (seed, options) => runStreamsPlan(streamsPlanOf(seed, size), options),
  killsOf: ({ rounds }) => killsOf(rounds),
  line: streamsRunLine,
  summary: streamsSummary,
});

async function play<O extends { readonly violations: readonly string[] }>(
  soak: Soak<O>,
  { runs, kills, seed, timeoutS, keep, etcd }: SoakOptions,
): Promise<void> {
  const interrupt = interruption();
  const server = etcd ? await EtcdProcess.start() : undefined;
  const outcomes: O[] = [];
  const much = kills === undefined ? `${runs} runs` : `${kills} kills of a primary`;
  console.log(`${much} from seed ${seed}, three replicas each, ${soak.what}\n`);

  const killed = (): number => outcomes.reduce((sum, outcome) => sum + soak.killsOf(outcome), 0);
  /** Whether there were enough runs, or enough kills. Runs are never cut short. */
  const isEnough = (): boolean => (kills === undefined ? outcomes.length >= runs : killed() >= kills);
  const progress = (): string =>
    kills === undefined ? `${outcomes.length}/${runs}` : `${Math.min(killed(), kills)}/${kills} kills`;
  try {
    while (!isEnough()) {
      const options = { timeoutS, interrupt, keep, etcd: server?.host };
      const outcome = await soak.run(seed + outcomes.length, options);
      outcomes.push(outcome);
      console.log(soak.line(outcome, progress()));
    }
    if (outcomes.some(({ violations }) => violations.length > 0)) process.exitCode = EXIT_VIOLATION;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.exitCode = EXIT_INTERRUPTED;
  } finally {
    await server?.remove();
  }
  if (outcomes.length > 0) console.log(`\n${soak.summary(outcomes)}`);
}

const options = parseSoakOptions(process.argv);
if (options.streams === undefined) await play(BANK, options);
else await play(streamsOf(options.streams), options);
