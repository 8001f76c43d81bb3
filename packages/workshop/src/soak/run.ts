/** Runs one plan of the soak with the bank. */
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DemoFailure } from '../demo/stage/children.js';
import { Replicas } from '../demo/stage/replicas.js';
import { Stage } from '../demo/stage/stage.js';
import { monotonicMs } from '../hosting/clock.js';
import { type Carried, Faults } from './faults.js';
import { LoadClient } from './load-client.js';
import type { Plan } from './plan.js';
import { type Proof, proveLoad } from './proof.js';

const REPLICAS = 3;
const IN_FLIGHT = 64;

/** The options that all runs of a soak share. */
export interface SoakRunOptions {
  readonly timeoutS: number;
  readonly interrupt: AbortSignal;
  /** Keep the logs even if the run succeeds. */
  readonly keep: boolean;
  /** Address of the etcd that keeps the group's record; undefined if a directory does. */
  readonly etcd?: string | undefined;
}

/** The result of a run. */
export interface Outcome extends Omit<Proof, 'books' | 'repliedAtMs'> {
  readonly plan: Plan;
  readonly faults: readonly Carried[];
  readonly tookMs: number;
  /** The directory of the logs. It is kept if there is a violation. */
  readonly dir: string;
}

/**
 * Runs a plan: starts replicas and a client as processes of their own, carries out the faults under load, and proves
 * the result. A run that does not end in time has broken a promise, too.
 *
 * @throws Interrupted if the user interrupts the run
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

/** Returns the options that tell a server where the record is in etcd. Every run has a key prefix of its own. */
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
  // A passive backup executes its log only when it takes over, so a kill shows whether it reaches the same state.
  if (isPassive && (await replicas.killPrimary(() => replicas.replaceablePrimary === undefined)) !== undefined)
    if (!isDeepStrictEqual(await client.books(), books))
      violations.push('the primary after the load holds a different bank than the primary before it');
  return { ...proof, violations };
}
