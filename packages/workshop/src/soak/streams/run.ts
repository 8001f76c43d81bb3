/** Runs one plan of the soak with streams. */
import { isDeepStrictEqual } from 'node:util';
import type { Tally } from '@understudy/examples/counting/counting.js';
import { driveInProcess } from '../../demo/drive/drive-process.js';
import { DemoFailure } from '../../demo/stage/children.js';
import { Replicas } from '../../demo/stage/replicas.js';
import { Stage } from '../../demo/stage/stage.js';
import { monotonicMs } from '../../hosting/clock.js';
import { coordinatorKeys, type SoakRunOptions } from '../run.js';
import { compareSurvivors } from '../survivors.js';
import type { CountEvidence, CountJob, CountResult } from './evidence.js';
import type { Round, StreamsPlan } from './plan.js';
import { fullTally, proveRound } from './proof.js';

const REPLICAS = 3;

/** The result of a round. */
export interface PlayedRound {
  /** Whether the primary was killed. It is spared if no backup is in sync before the round ends. */
  readonly killed: boolean;
  readonly longestGapMs: number;
}

/** The result of a run. */
export interface StreamsOutcome {
  readonly plan: StreamsPlan;
  /** A sentence for each broken promise; empty if all were kept. */
  readonly violations: readonly string[];
  readonly rounds: readonly PlayedRound[];
  readonly tookMs: number;
  /** The directory of the logs. It is kept if there is a violation. */
  readonly dir: string;
}

/**
 * Runs a plan: starts three replicas and, in each round, a client with streams, all as processes of their own. A run
 * that does not end in time has broken a promise, too.
 *
 * @throws Interrupted if the user interrupts the run
 */
export async function runStreamsPlan(plan: StreamsPlan, options: SoakRunOptions): Promise<StreamsOutcome> {
  const startedAtMs = monotonicMs();
  const stage = new Stage(options.timeoutS, options.interrupt, 'soak');
  const rounds: PlayedRound[] = [];
  const violations: string[] = [];
  try {
    const keys = coordinatorKeys(stage, options.etcd);
    const replicas = await Replicas.start(stage, REPLICAS, plan.mode, { example: 'counting', coordinator: keys });
    await replicas.formed();
    const run = new RoundsRun(stage, replicas, plan);
    while (rounds.length < plan.rounds.length && violations.length === 0)
      rounds.push(await run.play(rounds.length, violations));
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error;
    violations.push(`round ${rounds.length + 1}: ${error.message}`);
  } finally {
    await stage.end();
    if (!options.keep && violations.length === 0) stage.removeDir();
  }
  return { plan, violations, rounds, tookMs: monotonicMs() - startedAtMs, dir: stage.dir };
}

/** A run that takes one group from round to round. */
class RoundsRun {
  readonly #stage: Stage;
  readonly #replicas: Replicas;
  readonly #plan: StreamsPlan;
  /** The tallies that the service must hold. */
  readonly #expected: Record<string, Tally> = {};

  constructor(stage: Stage, replicas: Replicas, plan: StreamsPlan) {
    this.#stage = stage;
    this.#replicas = replicas;
    this.#plan = plan;
  }

  /** @param violations receives a sentence for each broken promise */
  async play(index: number, violations: string[]): Promise<PlayedRound> {
    const { mode, size, rounds } = this.#plan;
    const round = rounds[index];
    if (round === undefined) throw new Error(`There is no round ${index + 1}.`);
    const tallies = Array.from({ length: size.streams }, (_, nth) => `round ${index + 1}, stream ${nth + 1}`);
    const placesBefore = index * size.streams * size.messages;
    const { target } = this.#replicas;
    const job = { target, mode, sessions: round.sessions, tallies, messages: size.messages };
    const { killed, pieces, result } = await this.#drive(`client-${index + 1}`, job, round);
    const faults = proveRound(pieces, { tallies, messages: size.messages, placesBefore });
    for (const tally of tallies) this.#expected[tally] = fullTally(size.messages);
    await this.#replicas.until(() => this.#replicas.whole);
    faults.push(...(await this.#audit()));
    violations.push(...faults.map((fault) => `round ${index + 1}: ${fault}`));
    return { killed, longestGapMs: result.longestGapMs };
  }

  async #drive(name: string, job: CountJob, { killAfter }: Round) {
    let answered = 0;
    const isThrough = (): boolean => answered >= job.tallies.length * job.messages;
    let killing: Promise<boolean> | undefined;
    const start = { name, module: 'soak/streams/client.js', job };
    const driven = await driveInProcess<CountEvidence, CountResult>(this.#stage, start, (answers) => {
      answered = answers;
      if (isThrough()) this.#replicas.wake();
      if (killing !== undefined || answered < killAfter) return;
      killing = this.#killPrimary(isThrough);
      // The kill is awaited below. If the client fails first, its failure ends the run instead.
      killing.catch(() => {});
    });
    answered = Number.POSITIVE_INFINITY;
    this.#replicas.wake();
    return { ...driven, killed: (await killing) ?? false };
  }

  /** Kills the primary and starts it again at once. It gets in sync by the end of the round at the latest. */
  async #killPrimary(over: () => boolean): Promise<boolean> {
    const killed = await this.#replicas.killPrimary(over);
    if (killed === undefined) return false;
    await this.#stage.until(this.#replicas.childOf(killed.replica).exited);
    this.#replicas.startReplica(killed.replica);
    return true;
  }

  async #audit(): Promise<string[]> {
    const isPassive = this.#plan.mode.replication === 'passive';
    const audit = this.#expected;
    const differences = await compareSurvivors(this.#stage, this.#replicas, isPassive, { audit });
    const primary = this.#replicas.primary?.replica.id;
    if (primary === undefined) return [...differences, 'there is no primary'];
    const held = (await this.#replicas.report(primary)).audit;
    if (!isDeepStrictEqual(held, audit)) differences.push(`${primary} holds ${odd(held, audit)}`);
    return differences;
  }
}

/** Describes the first tallies that differ from the expected ones. */
function odd(held: unknown, expected: Readonly<Record<string, Tally>>): string {
  const tallies = held as Readonly<Record<string, Tally>>;
  const names = [...new Set([...Object.keys(tallies), ...Object.keys(expected)])];
  const differing = names.filter((name) => !isDeepStrictEqual(tallies[name], expected[name]));
  const told = differing.slice(0, 3).map((name) => `${JSON.stringify(tallies[name])} in ${name}`);
  return `${told.join('; ')}; ${differing.length} of ${names.length} tallies are wrong`;
}
