import type { GroupRecord } from '@understudy/core';
import type { ServerHost } from './hosts/server-host.js';
import type { Act } from './network/streams.js';
import type { Simulation } from './simulation.js';

/** The coordinator of a simulation: one record, changed by compare-and-swap; slow, sometimes out of reach. */
export class VirtualCoordinator {
  record: GroupRecord | undefined;
  /** Down until then. */
  downUntilMs = 0;
  changes: Change[] = [];
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  reaches(server: ServerHost): boolean {
    return this.#simulation.nowMs >= this.downUntilMs && this.#simulation.nowMs >= server.withoutCoordinatorUntilMs;
  }

  submit(server: ServerHost, next: GroupRecord, reason: string): void {
    this.changes.push(new Change(this, server, next, reason));
  }

  swap(next: GroupRecord, gaveUp: ReadonlySet<number> | undefined): boolean {
    if (next.epoch !== (this.record?.epoch ?? 0) + 1) return false;
    this.record = next;
    this.#simulation.onRecord(next, gaveUp);
    return true;
  }
}

/** A compare-and-swap on its way: to the coordinator, and then back with the answer. */
export class Change implements Act {
  readonly server: ServerHost;
  readonly next: GroupRecord;
  readonly #life: number;
  readonly #coordinator: VirtualCoordinator;
  readonly #reason: string;
  /** Of a promotion: the clients that it decided without. */
  readonly #gaveUp: ReadonlySet<number> | undefined;
  #result: 'won' | 'lost' | 'unknown' | undefined;

  constructor(coordinator: VirtualCoordinator, server: ServerHost, next: GroupRecord, reason: string) {
    this.#coordinator = coordinator;
    this.server = server;
    this.next = next;
    this.#life = server.lives;
    this.#reason = reason;
    this.#gaveUp = reason === 'adopt' ? server.simulation.outOfReach(server) : undefined;
  }

  get ready(): boolean {
    if (!this.#coordinator.reaches(this.server)) return false;
    return this.#result === undefined || !this.#waits || this.server.runs;
  }

  /** Whoever asked still waits for the answer. */
  get #waits(): boolean {
    return this.server.alive && this.server.lives === this.#life;
  }

  act(): void {
    const { simulation } = this.server;
    if (this.#result === undefined) {
      const won = this.#coordinator.swap(this.next, this.#gaveUp);
      if (simulation.tracing) simulation.print(`${this.server.name}: ${this.#reason}: ${won ? 'done' : 'too late'}`);
      this.#result = simulation.random.chance(0.2) ? 'unknown' : won ? 'won' : 'lost';
      if (simulation.random.chance(0.5) || !this.server.runs) return;
    }
    this.#coordinator.changes = this.#coordinator.changes.filter((other) => other !== this);
    if (!this.#waits) return;
    const { record } = this.#coordinator;
    // An outcome that could not be told is found out by reading; by then somebody else may have changed the record.
    const won = this.#result === 'unknown' ? record === this.next : this.#result === 'won';
    this.server.step({ kind: 'recordChange', won, record: won ? this.next : record });
  }
}
