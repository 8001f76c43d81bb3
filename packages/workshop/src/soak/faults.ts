import { setTimeout as pass } from 'node:timers/promises';
import type { ReplicaStatus } from '@understudy/core';
import { monotonicMs } from '../demo/stage/clock.js';
import type { Replicas } from '../demo/stage/replicas.js';
import type { Stage } from '../demo/stage/stage.js';
import type { Fault, Step } from './plan.js';

/** Long enough that the others go on without the one that is paused. */
const PAUSE_LEASES = 2;

/** A fault that was carried out. */
export interface Carried {
  readonly fault: Fault;
  readonly replica: string;
  readonly atMs: number;
  /** Until another served as primary; undefined if the primary was left alone. */
  readonly failoverMs: number | undefined;
  /** undefined if nobody had to claim. */
  readonly phases: FailoverPhases | undefined;
  /** Until the first reply of another primary reached the client; undefined if the primary was left alone. */
  readonly firstReplyMs?: number | undefined;
}

/** What a failover is made of, in milliseconds each, one after the other. */
export interface FailoverPhases {
  /** Until a backup was certain that the lease had run out. */
  readonly detectionMs: number;
  /** Until the record named it. */
  readonly claimMs: number;
  /** Until it had what others held and served. */
  readonly recoveryMs: number;
}

/** Does to the replicas what a plan says. */
export class Faults {
  /** What the processes themselves did wrong. */
  readonly violations: string[] = [];
  readonly #stage: Stage;
  readonly #replicas: Replicas;
  readonly #leaseMs: number;
  readonly #carried: Carried[];

  /** @param carried where each fault is noted once it is over */
  constructor(stage: Stage, replicas: Replicas, leaseMs: number, carried: Carried[]) {
    this.#carried = carried;
    this.#stage = stage;
    this.#replicas = replicas;
    this.#leaseMs = leaseMs;
  }

  /** Resolves when the group serves; a replica that was started again may still be on its way into the in-sync set. */
  async carryOut({ fault, startAgain }: Step): Promise<void> {
    // Before, the group promises nothing if it loses one.
    await this.#replicas.until(() => this.#replicas.replaceablePrimary !== undefined);
    const primary = this.#replicas.replaceablePrimary;
    const [backup] = this.#replicas.inSyncBackups;
    if (primary === undefined || backup === undefined) throw new Error('What was waited for does not hold.');
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

  /** The group has put up with the absence of a replica that was in sync. */
  #goesOnWithout(id: string, before: ReplicaStatus): boolean {
    const { primary } = this.#replicas;
    return primary !== undefined && primary.epoch > before.epoch && primary.inSync.every((member) => member.id !== id);
  }

  #phases(fromMs: number, gone: string): FailoverPhases | undefined {
    const since = this.#replicas.takeOvers.filter(({ atMs, replica }) => atMs > fromMs && replica !== gone);
    const serves = since.find(({ kind }) => kind === 'serves');
    const own = since.filter(({ replica }) => replica === serves?.replica);
    const promotes = own.find(({ kind }) => kind === 'promotes');
    // It may have claimed in vain before.
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
