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

/** The doors through which a replica is reached. */
export interface Doors {
  readonly forClients: string;
  readonly forPeers: string;
}

interface Replica {
  readonly id: string;
  readonly child: Child<ReplicaCommands>;
  readonly doors: Doors;
  status: ReplicaStatus | undefined;
}

export interface GroupOptions {
  readonly replicas: number;
  /** All connections lead through it. */
  readonly proxy?: Child<ProxyCommands>;
  readonly execArgv?: readonly string[];
}

/** The replicas of the service, each a process of its own. */
export class Group {
  readonly #replicas: readonly Replica[];
  readonly #passive: boolean;
  #formedEpoch = 0;

  /** Starts the replicas and waits until there is a primary and all are in sync. */
  static async start(stage: Stage, mode: Mode, options: GroupOptions): Promise<Group> {
    const { proxy, execArgv = [] } = options;
    const addresses = await freeAddresses(options.replicas);
    const replicas: Replica[] = [];
    for (const [index, listen] of addresses.entries()) {
      const id = `counter-${index + 1}`;
      const doors = await openDoors(listen, proxy);
      const job: ReplicaJob = { id, listen, advertised: doors.forPeers, coordinator: join(stage.dir, 'record'), mode };
      const child = stage.start<ReplicaCommands>(id, 'replica', [JSON.stringify(job)], execArgv);
      replicas.push({ id, child, doors, status: undefined });
    }
    const group = new Group(replicas, mode);
    await stage.until('the group is formed', group.#formed(stage));
    return group;
  }

  private constructor(replicas: readonly Replica[], { replication }: Mode) {
    this.#passive = replication === 'passive';
    this.#replicas = replicas;
  }

  /**
   * Whether everything is as it was formed. A replica that was not scheduled for a lease is taken for dead; what is
   * measured then is not a group of three any more.
   */
  async undisturbed(): Promise<boolean> {
    await this.look();
    return this.#newestEpoch() === this.#formedEpoch;
  }

  /** What a client is given to reach the group. */
  get target(): string {
    return `understudy:///${this.#replicas.map(({ doors }) => doors.forClients).join()}`;
  }

  get doors(): readonly Doors[] {
    return this.#replicas.map(({ doors }) => doors);
  }

  /** The primary that serves, as of the last look. */
  get primary(): { readonly child: Child<ReplicaCommands>; readonly term: number; readonly doors: Doors } {
    const found = this.#serving();
    if (found?.status === undefined) throw new Disturbed('the group has no primary');
    return { child: found.child, term: found.status.term, doors: found.doors };
  }

  get backups(): readonly Child<ReplicaCommands>[] {
    const { child: primary } = this.primary;
    return this.#replicas.filter(({ child }) => child.alive && child !== primary).map(({ child }) => child);
  }

  /** Asks every replica how it sees itself. */
  async look(): Promise<void> {
    const living = this.#replicas.filter(({ child }) => child.alive);
    await Promise.all(
      living.map(async (replica) => {
        replica.status = await replica.child.ask('status');
      }),
    );
  }

  /**
   * Waits until all replicas have come equally far, and looks whether they say that they did the same: a group that
   * answers without its backups would be fast.
   *
   * @param calls how many were answered
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

  /** Equally far: in what they hold, and if all process, in what they processed. */
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
