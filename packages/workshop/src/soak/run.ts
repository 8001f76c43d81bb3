import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DemoFailure } from '../demo/stage/children.js';
import { monotonicMs } from '../demo/stage/clock.js';
import { Replicas } from '../demo/stage/replicas.js';
import { Stage } from '../demo/stage/stage.js';
import { type Carried, Faults } from './faults.js';
import { LoadClient } from './load-client.js';
import type { Plan } from './plan.js';
import { type Proof, proveLoad } from './proof.js';

const REPLICAS = 3;
const IN_FLIGHT = 64;

export interface SoakRunOptions {
  readonly timeoutS: number;
  readonly interrupt: AbortSignal;
  /** Leave the logs where they are, however it ends. */
  readonly keep: boolean;
  /** A member of the etcd that keeps the record; undefined: a directory does. */
  readonly etcd?: string | undefined;
}

/** How a run ended. */
export interface Outcome extends Omit<Proof, 'books' | 'repliedAtMs'> {
  readonly plan: Plan;
  readonly faults: readonly Carried[];
  readonly tookMs: number;
  /** Where the logs of the processes are; they are kept if there is a violation. */
  readonly dir: string;
}

/**
 * Runs a plan: replicas and a client as processes of their own, faults under load, and the proof. A run that does not
 * come to its end has broken a promise too.
 *
 * @throws Interrupted
 */
export async function runPlan(plan: Plan, { timeoutS, interrupt, keep, etcd }: SoakRunOptions): Promise<Outcome> {
  const startedAtMs = monotonicMs();
  const stage = new Stage(timeoutS, interrupt, 'soak');
  let faults: Carried[] = [];
  const violations: string[] = [];
  let operations = 0;
  let longestGapMs = 0;
  try {
    const proof = await carryOut(stage, plan, faults, etcd);
    violations.push(...proof.violations);
    ({ operations, longestGapMs } = proof);
    faults = faults.map((fault) => withFirstReply(fault, proof.repliedAtMs));
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error;
    violations.push(error.message);
  } finally {
    await stage.end();
    if (!keep && violations.length === 0) stage.removeDir();
  }
  const tookMs = monotonicMs() - startedAtMs;
  return { plan, violations, operations, faults, longestGapMs, tookMs, dir: stage.dir };
}

function withFirstReply(fault: Carried, repliedAtMs: readonly number[]): Carried {
  const { atMs, failoverMs } = fault;
  if (failoverMs === undefined) return fault;
  const first = repliedAtMs.find((replyMs) => replyMs >= atMs + failoverMs);
  return { ...fault, firstReplyMs: first === undefined ? undefined : first - atMs };
}

/** Options of a server that say where the record is kept; every run has keys of its own. */
export const coordinatorKeys = (stage: Stage, etcd: string | undefined): readonly string[] | undefined =>
  etcd === undefined ? undefined : ['--etcd', etcd, '--etcd-prefix', `soak/${basename(stage.dir)}/`];

async function carryOut(
  stage: Stage,
  plan: Plan,
  carried: Carried[],
  etcd: string | undefined,
): Promise<Omit<Proof, 'books'>> {
  const { mode, steps, seed, operations } = plan;
  const replicas = await Replicas.start(stage, REPLICAS, mode, { coordinator: coordinatorKeys(stage, etcd) });
  await replicas.formed();
  const marks = steps.map(({ afterReplies }) => afterReplies);
  const client = new LoadClient(stage, {
    target: replicas.target,
    mode,
    seed,
    inFlight: IN_FLIGHT,
    operations,
    marks,
  });
  const faults = new Faults(stage, replicas, mode.leaseMs, carried);
  for (const step of steps) {
    await client.answered(step.afterReplies);
    await faults.carryOut(step);
  }
  await replicas.until(() => replicas.whole);
  const isPassive = mode.replication === 'passive';
  const { books, ...proof } = await proveLoad(stage, replicas, client, seed, isPassive);
  const violations = [...faults.violations, ...proof.violations];
  // A passive backup has processed little: what it would make of its log shows when it must.
  if (isPassive && (await replicas.killPrimary(() => replicas.replaceablePrimary === undefined)) !== undefined)
    if (!isDeepStrictEqual(await client.books(), books))
      violations.push('the primary that came after the load holds another bank than the one before');
  return { ...proof, violations };
}
