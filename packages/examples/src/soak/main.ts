import { EtcdProcess } from '@understudy/coordinator-etcd/testing';
import { interruption } from '../demo/interruption.js';
import { Interrupted } from '../demo/stage.js';
import { parseSoakOptions } from './options.js';
import { planOf } from './plan.js';
import { runLine, summary } from './report.js';
import { type Outcome, runPlan } from './run.js';

const EXIT_VIOLATION = 1;
const EXIT_INTERRUPTED = 130;

const { runs, kills, seed, timeoutS, keep, etcd } = parseSoakOptions(process.argv);
const interrupt = interruption();
const server = etcd ? await EtcdProcess.start() : undefined;
const outcomes: Outcome[] = [];
const much = kills === undefined ? `${runs} runs` : `${kills} kills of a primary`;
console.log(`${much} from seed ${seed}, three replicas each, 64 operations in flight\n`);

/** Whether what was asked for has been done; a run is carried out whole. */
const isEnough = (): boolean => (kills === undefined ? outcomes.length >= runs : killed() >= kills);
const killed = (): number =>
  outcomes.reduce((sum, { faults }) => sum + faults.filter(({ fault }) => fault === 'kill-primary').length, 0);
const progress = (): string =>
  kills === undefined ? `${outcomes.length}/${runs}` : `${Math.min(killed(), kills)}/${kills} kills`;
try {
  while (!isEnough()) {
    const outcome = await runPlan(planOf(seed + outcomes.length), { timeoutS, interrupt, keep, etcd: server?.host });
    outcomes.push(outcome);
    console.log(runLine(outcome, progress()));
  }
  if (outcomes.some(({ violations }) => violations.length > 0)) process.exitCode = EXIT_VIOLATION;
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  process.exitCode = EXIT_INTERRUPTED;
} finally {
  await server?.remove();
}
if (outcomes.length > 0) console.log(`\n${summary(outcomes)}`);
