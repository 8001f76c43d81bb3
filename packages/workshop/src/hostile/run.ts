/** Runs a group, honest clients and a hostile client as processes of their own, and watches all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mode } from '@understudy/examples/common/mode.js';
import { DemoFailure } from '../demo/stage/children.js';
import { Replicas } from '../demo/stage/replicas.js';
import { Stage } from '../demo/stage/stage.js';
import type {
  AttackCommand,
  AttackJob,
  AttackMessage,
  AttackName,
  AttackResult,
  HonestJob,
  HonestMessage,
  HonestReport,
} from './messages.js';
import { memoryMaxBytes } from './target.js';

const REPLICAS = 3;
const LOOK_EVERY_MS = 500;

export interface HostileRunOptions {
  readonly attacks: readonly AttackName[];
  readonly seconds: number;
  readonly honest: number;
  readonly seed: number;
  readonly mode: Mode;
  /** Seconds after which the run fails. */
  readonly timeoutS: number;
  readonly interrupt: AbortSignal;
  /** Called when the next kind of attack begins. */
  readonly onAttack: (attack: AttackName) => void;
}

/** The result of a run. */
export interface HostileOutcome {
  readonly results: readonly AttackResult[];
  readonly honest: HonestReport;
  /** The most memory that was measured for each replica. */
  readonly peakBytes: Readonly<Record<string, number>>;
  /** How much each may have: what it had before the attacks, and what its budgets give. */
  readonly allowedBytes: Readonly<Record<string, number>>;
  /** What went wrong, a sentence each; empty if all went well. */
  readonly violations: readonly string[];
  /** The directory of the logs; it is kept if something went wrong. */
  readonly dir: string;
}

/** @throws Interrupted if the user interrupts the run */
export async function runHostile(options: HostileRunOptions): Promise<HostileOutcome> {
  const { attacks, seconds, honest, seed, mode, timeoutS, interrupt, onAttack } = options;
  const stage = new Stage(timeoutS, interrupt, 'hostile');
  const peakBytes: Record<string, number> = {};
  const allowedBytes: Record<string, number> = {};
  let results: readonly AttackResult[] = [];
  let report: HonestReport = { kind: 'report', calls: 0, failures: {}, worstMs: 0 };
  const violations: string[] = [];
  try {
    const replicas = await Replicas.start(stage, REPLICAS, mode, { example: 'target' });
    await replicas.formed();
    const job: HonestJob = { target: replicas.target, mode, clients: honest };
    const clients = stage.children.start<HonestMessage>('honest', 'hostile/honest.js', [JSON.stringify(job)]);
    await stage.until(clients.next('begun'));
    for (const id of replicas.ids) {
      allowedBytes[id] = (await replicas.report(id)).memory.rssBytes + memoryMaxBytes(mode);
    }
    const attack: AttackJob = { attacks, seed, seconds };
    const attacker = stage.children.start<AttackMessage>('attacker', 'hostile/attacker.js', [JSON.stringify(attack)]);
    attacker.on('next', ({ attack: name }) => {
      onAttack(name);
      attacker.tell({ addresses: addressesOf(replicas) } satisfies AttackCommand);
    });
    const done = attacker.next('done');
    let over = false;
    const watched = (async () => {
      while (!over) {
        for (const id of replicas.ids) {
          const { rssBytes } = (await replicas.report(id)).memory;
          peakBytes[id] = Math.max(peakBytes[id] ?? 0, rssBytes);
        }
        await sleep(LOOK_EVERY_MS);
      }
    })();
    watched.catch(() => {});
    ({ results } = await stage.until(Promise.race([done, watched.then(() => done)])));
    over = true;
    await watched;
    attacker.kill();
    // The group has recovered when all replicas are in sync and every honest client is answered.
    await replicas.until(() => replicas.whole);
    const answer = clients.next('report');
    clients.tell({ kind: 'report' });
    report = await stage.until(answer);
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error;
    violations.push(error.message);
  } finally {
    await stage.end();
  }
  for (const [id, bytes] of Object.entries(peakBytes)) {
    const allowed = allowedBytes[id] ?? 0;
    if (bytes > allowed)
      violations.push(`${id} took ${mib(bytes)} MiB of memory, and its budgets give ${mib(allowed)}`);
  }
  for (const [what, times] of Object.entries(report.failures)) violations.push(`${times} honest calls failed: ${what}`);
  if (violations.length === 0) stage.removeDir();
  return { results, honest: report, peakBytes, allowedBytes, violations, dir: stage.dir };
}

const mib = (bytes: number): number => Math.round(bytes / (1024 * 1024));

/** The addresses of all replicas, the primary's first. */
function addressesOf(replicas: Replicas): string[] {
  const primary = replicas.primary?.replica.id ?? replicas.ids[0] ?? '';
  return [primary, ...replicas.ids.filter((id) => id !== primary)].map((id) => replicas.addressOf(id));
}
