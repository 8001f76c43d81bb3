/** The replicated service that is measured. */
import { join } from 'node:path';
import { freeAddresses } from '@understudy/coordinator-etcd/testing';
import type { ReplicaStatus } from '@understudy/core';
import type { Child } from '../ipc/child.js';
import { BenchFailure, Disturbed } from '../ipc/child.js';
import type { ProxyCommands, ReplicaCommands } from '../ipc/commands.js';
import type { ReplicaJob } from '../ipc/replica-job.js';
import type { Mode } from '../service/service-config.js';
import type { Stage } from './stage.js';

const LOOK_AGAIN_S = 0.02;

/** The addresses at which a replica is reached: its own, or doors of the proxy. */
export interface Doors {
  readonly forClients: string;
  readonly forPeers: string;
}

/** How often the group has changed so far. */
export interface View {
  /** Grows with every change of primary. */
  readonly term: number;
  /** Grows with every change of the group's record, of which a change of primary is one. */
  readonly epoch: number;
}

interface Replica {
  readonly id: string;
  readonly child: Child<ReplicaCommands>;
  readonly doors: Doors;
  status: ReplicaStatus | undefined;
}

export interface GroupOptions {
  readonly replicas: number;
  /** All connections lead through this proxy. */
  readonly proxy?: Child<ProxyCommands>;
  readonly execArgv?: readonly string[];
  /** See `ReplicaJob`. */
  readonly stateMib?: number;
}

/** The replicas of the service. Each is a process of its own. */
export class Group {
  readonly #replicas: Replica[];
  readonly #mode: Mode;
  readonly #passive: boolean;
  #formedEpoch = 0;

  /** Starts the replicas, and waits until one is primary and all are in sync. */
  static async start(stage: Stage, mode: Mode, options: GroupOptions): Promise<Group> {
    const group = new Group(mode);
    for (const listen of await freeAddresses(options.replicas)) await group.#startReplica(stage, listen, options);
    await stage.until('the group is formed', group.#formed(stage));
    return group;
  }

  private constructor(mode: Mode) {
    this.#passive = mode.replication === 'passive';
    this.#mode = mode;
    this.#replicas = [];
  }

  /** Starts one more replica. @returns resolves when it is in sync */
  async join(stage: Stage, options: Omit<GroupOptions, 'replicas'>, patienceMs: number): Promise<void> {
    const [listen = ''] = await freeAddresses(1);
    await this.#startReplica(stage, listen, options);
    await stage.until('the replica has joined', this.#formed(stage), patienceMs);
  }

  async #startReplica(
    stage: Stage,
    listen: string,
    { proxy, execArgv = [], stateMib }: Omit<GroupOptions, 'replicas'>,
  ): Promise<void> {
    const id = `counter-${this.#replicas.length + 1}`;
    const doors = await openDoors(listen, proxy);
    const job: ReplicaJob = {
      ...{ id, listen, advertised: doors.forPeers, coordinator: join(stage.dir, 'record'), mode: this.#mode },
      ...(stateMib !== undefined && { stateMib }),
    };
    const child = stage.start<ReplicaCommands>(id, 'replica', [JSON.stringify(job)], execArgv);
    this.#replicas.push({ id, child, doors, status: undefined });
  }

  /**
   * Whether the group is still as it was formed. A replica that does not run for the length of a lease is taken for
   * dead, and the measurement is then no longer one of the whole group.
   */
  async undisturbed(): Promise<boolean> {
    await this.look();
    return this.#newestEpoch() === this.#formedEpoch;
  }

  /** The newest term and epoch that any replica knows. */
  async view(): Promise<View> {
    await this.look();
    return { term: Math.max(...this.#replicas.map(({ status }) => status?.term ?? 0)), epoch: this.#newestEpoch() };
  }

  /** The target with which a client reaches the group. */
  get target(): string {
    return `understudy:///${this.#replicas.map(({ doors }) => doors.forClients).join()}`;
  }

  get doors(): readonly Doors[] {
    return this.#replicas.map(({ doors }) => doors);
  }

  /** The primary that served at the last look. */
  get primary(): { readonly child: Child<ReplicaCommands>; readonly term: number; readonly doors: Doors } {
    const found = this.#serving();
    if (found?.status === undefined) throw new Disturbed('the group has no primary');
    return { child: found.child, term: found.status.term, doors: found.doors };
  }

  get backups(): readonly Child<ReplicaCommands>[] {
    const { child: primary } = this.primary;
    return this.#replicas.filter(({ child }) => child.alive && child !== primary).map(({ child }) => child);
  }

  /** Asks every running replica for its status. */
  async look(): Promise<void> {
    const living = this.#replicas.filter(({ child }) => child.alive);
    await Promise.all(
      living.map(async (replica) => {
        replica.status = await replica.child.ask('status');
      }),
    );
  }

  /**
   * Waits until all replicas have come equally far, and checks that their digests agree. A group that answered without
   * its backups would be fast, but wrong.
   *
   * @param calls how many calls were answered
   */
  async agree(stage: Stage, calls: number): Promise<void> {
    await stage.until('the replicas have come equally far', this.#caughtUp(stage));
    const statuses = this.#replicas.flatMap(({ status }) => status ?? []);
    const least = Math.min(...statuses.map(({ heldUpTo }) => heldUpTo));
    if (least < calls) throw new BenchFailure(`${calls} calls were answered, but a replica holds only ${least} orders`);
    const [first] = statuses;
    const odd = statuses.find(
      (status) => status.processedUpTo === first?.processedUpTo && status.digest !== first.digest,
    );
    if (odd !== undefined) throw new BenchFailure(`the replicas differ at order ${odd.processedUpTo}`);
  }

  /**
   * Waits until all replicas hold equally many orders and, unless the group is passive, have processed equally many.
   */
  async #caughtUp(stage: Stage): Promise<void> {
    const farness = ({ heldUpTo, processedUpTo }: ReplicaStatus): string =>
      this.#passive ? `${heldUpTo}` : `${heldUpTo} ${processedUpTo}`;
    for (;;) {
      await this.look();
      if (new Set(this.#replicas.flatMap(({ status }) => (status ? [farness(status)] : []))).size === 1) return;
      await stage.pass(LOOK_AGAIN_S);
    }
  }

  #newestEpoch(): number {
    return Math.max(...this.#replicas.map(({ status }) => status?.epoch ?? 0));
  }

  #serving(): Replica | undefined {
    let newest: Replica | undefined;
    for (const replica of this.#replicas) {
      const { status } = replica;
      if (!replica.child.alive || status?.role !== 'primary' || status.blocked !== undefined) continue;
      if (status.term > (newest?.status?.term ?? 0)) newest = replica;
    }
    return newest;
  }

  async #formed(stage: Stage): Promise<void> {
    await this.look();
    while (this.#serving()?.status?.inSync.length !== this.#replicas.length) {
      await stage.pass(LOOK_AGAIN_S);
      await this.look();
    }
    this.#formedEpoch = this.#newestEpoch();
  }
}

async function openDoors(listen: string, proxy: Child<ProxyCommands> | undefined): Promise<Doors> {
  if (proxy === undefined) return { forClients: listen, forPeers: listen };
  return { forClients: await proxy.ask('open', listen), forPeers: await proxy.ask('open', listen) };
}
