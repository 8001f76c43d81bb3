/** Carries out the faults of a plan, and measures the failovers. */
import { setTimeout as pass } from 'node:timers/promises';
import type { ReplicaStatus } from '@understudy/core';
import type { Replicas } from '../demo/stage/replicas.js';
import type { Stage } from '../demo/stage/stage.js';
import { monotonicMs } from '../hosting/clock.js';
import type { Fault, Step } from './plan.js';

/** A pause of this many leases is long enough for the group to go on without the paused replica. */
const PAUSE_LEASES = 2;

/** A fault that was carried out. */
export interface Carried {
  readonly fault: Fault;
  readonly replica: string;
  readonly atMs: number;
  /** Time until another replica served as primary; undefined if the fault did not hit the primary. */
  readonly failoverMs: number | undefined;
  /** undefined if no backup had to claim the group. */
  readonly phases: FailoverPhases | undefined;
  /** Time until a reply of the new primary reached the client; undefined if the fault did not hit the primary. */
  readonly firstReplyMs?: number | undefined;
}

/** The successive parts of a failover. */
export interface FailoverPhases {
  /** Until a backup was certain that the primary's lease had run out. */
  readonly detectionMs: number;
  /** Until the group's record named this backup as primary. */
  readonly claimMs: number;
  /** Until it had collected the calls that other replicas held, and served. */
  readonly recoveryMs: number;
}

/** Carries out the steps of a plan. */
export class Faults {
  /** Promises that a process broke by the way it ended. */
  readonly violations: string[] = [];
  readonly #stage: Stage;
  readonly #replicas: Replicas;
  readonly #leaseMs: number;
  readonly #carried: Carried[];

  /** @param carried receives each fault when it is over */
  constructor(stage: Stage, replicas: Replicas, leaseMs: number, carried: Carried[]) {
    this.#carried = carried;
    this.#stage = stage;
    this.#replicas = replicas;
    this.#leaseMs = leaseMs;
  }

  /** Resolves when the group serves again. A restarted replica may not be in sync yet. */
  async carryOut({ fault, startAgain }: Step): Promise<void> {
    // Without a backup in sync, the group may not survive the fault.
    await this.#replicas.until(() => this.#replicas.replaceablePrimary !== undefined);
    const primary = this.#replicas.replaceablePrimary;
    const [backup] = this.#replicas.inSyncBackups;
    if (primary === undefined || backup === undefined) throw new Error('The group has no backup in sync any more.');
    const hitsPrimary = fault === 'kill-primary' || fault === 'hand-over' || fault === 'pause-primary';
    const replica = hitsPrimary ? primary.replica.id : backup;
    const atMs = monotonicMs();
    await this.#strike(fault, replica, primary);
    const failoverMs = hitsPrimary ? await this.#failoverMs(atMs, primary.term) : undefined;
    const phases = failoverMs === undefined ? undefined : this.#phases(atMs, replica);
    this.#carried.push({ fault, replica, atMs, failoverMs, phases });
    if (startAgain) this.#replicas.startReplica(replica);
  }

  async #strike(fault: Fault, id: string, before: ReplicaStatus): Promise<void> {
    const child = this.#replicas.childOf(id);
    switch (fault) {
      case 'kill-primary':
      case 'kill-backup':
        child.kill();
        await this.#stage.until(child.exited);
        return;
      case 'hand-over': {
        child.terminate();
        const how = await this.#stage.until(child.exited);
        if (how !== 'exit status 0') this.violations.push(`${id} ended with ${how} after SIGTERM`);
        return;
      }
      case 'pause-primary':
      case 'pause-backup':
        child.suspend();
        await this.#stage.until(pass(PAUSE_LEASES * this.#leaseMs));
        await this.#replicas.until(() => this.#goesOnWithout(id, before));
        child.resume();
    }
  }

  /** Whether the group serves without a replica that was in sync before the fault. */
  #goesOnWithout(id: string, before: ReplicaStatus): boolean {
    const { primary } = this.#replicas;
    return primary !== undefined && primary.epoch > before.epoch && primary.inSync.every((member) => member.id !== id);
  }

  #phases(fromMs: number, gone: string): FailoverPhases | undefined {
    const since = this.#replicas.takeOvers.filter(({ atMs, replica }) => atMs > fromMs && replica !== gone);
    const serves = since.find(({ kind }) => kind === 'serves');
    const own = since.filter(({ replica }) => replica === serves?.replica);
    const promotes = own.find(({ kind }) => kind === 'promotes');
    // The replica may have claimed in vain before, so its last claim counts.
    const claims = own.findLast(({ kind, atMs }) => kind === 'claims' && atMs <= (promotes?.atMs ?? 0));
    if (serves === undefined || promotes === undefined || claims === undefined) return undefined;
    return {
      detectionMs: claims.atMs - fromMs,
      claimMs: promotes.atMs - claims.atMs,
      recoveryMs: serves.atMs - promotes.atMs,
    };
  }

  async #failoverMs(fromMs: number, term: number): Promise<number> {
    const served = () => this.#replicas.events.find((event) => event.kind === 'serves' && event.term > term);
    await this.#replicas.until(() => served() !== undefined);
    return (served()?.atMs ?? Number.NaN) - fromMs;
  }
}
