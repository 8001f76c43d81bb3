/** The replicas of a group as processes: starts, watches and kills them. */
import { join } from 'node:path';
import { freeAddresses } from '@understudy/coordinator-etcd/testing';
import type { ReplicaStatus } from '@understudy/core';
import type { Mode } from '@understudy/examples/common/mode.js';
import { monotonicMs } from '../../hosting/clock.js';
import type { ReplicaReport, ReportCommand, ServerMessage } from '../../hosting/server-messages.js';
import { type Child, DemoFailure } from './children.js';
import type { ExampleName } from './examples.js';
import type { Stage } from './stage.js';

/** An event of the group; `atMs` is `monotonicMs`. */
export interface GroupEvent {
  readonly kind: 'serves' | 'killed';
  readonly atMs: number;
  readonly term: number;
  readonly replica: string;
  /** Size of the in-sync set as the replica knew it. For `serves`, the largest size in this term. */
  readonly inSync: number;
}

/** A step of a replica on its way to becoming primary; `atMs` is `monotonicMs`. */
export interface TakeOver {
  readonly kind: 'claims' | 'promotes' | 'serves';
  readonly atMs: number;
  readonly replica: string;
}

/** A replica's id and the incarnation, which changes whenever its process starts. */
type Life = ReplicaStatus['replica'];

interface Member {
  readonly child: Child<ServerMessage>;
  /** The last status that the replica reported. */
  status: ReplicaStatus | undefined;
}

export interface ReplicasOptions {
  /** The example to run; the replicas are named after it: bank-1, bank-2 … */
  readonly example?: ExampleName | 'counting' | 'shop' | 'target';
  /** Options that only this example's server has. */
  readonly ownOptions?: readonly string[];
  /** Options of node itself. */
  readonly execArgv?: readonly string[];
  /** Options that tell the server where the group's record is. */
  readonly coordinator?: readonly string[] | undefined;
}

/** The replicas of an example, each a process of its own. They report their status over IPC. */
export class Replicas {
  readonly events: GroupEvent[] = [];
  /** The steps of all take-overs, in the order in which the reports arrived. */
  readonly takeOvers: TakeOver[] = [];
  readonly #stage: Stage;
  readonly #mode: Mode;
  readonly #example: Required<ReplicasOptions>['example'];
  readonly #ownOptions: readonly string[];
  readonly #execArgv: readonly string[];
  readonly #coordinator: readonly string[];
  readonly #addresses = new Map<string, string>();
  readonly #members = new Map<string, Member>();
  #waiting: (() => void)[] = [];

  /** Starts `count` replicas, by default of the bank. */
  static async start(stage: Stage, count: number, mode: Mode, options: ReplicasOptions = {}): Promise<Replicas> {
    return new Replicas(stage, await freeAddresses(count), mode, options);
  }

  private constructor(
    stage: Stage,
    addresses: readonly string[],
    mode: Mode,
    {
      example = 'bank',
      ownOptions = [],
      execArgv = [],
      coordinator = ['--coordinator', join(stage.dir, 'coordinator')],
    }: ReplicasOptions,
  ) {
    this.#stage = stage;
    this.#mode = mode;
    this.#example = example;
    this.#ownOptions = ownOptions;
    this.#execArgv = execArgv;
    this.#coordinator = coordinator;
    addresses.forEach((address, index) => {
      this.#addresses.set(`${example}-${index + 1}`, address);
    });
    for (const id of this.#addresses.keys()) this.startReplica(id);
  }

  /** The target with which a client reaches the group. */
  get target(): string {
    return `understudy:///${[...this.#addresses.values()].join()}`;
  }

  /** The names of all replicas, dead ones included. */
  get ids(): readonly string[] {
    return [...this.#addresses.keys()];
  }

  addressOf(id: string): string {
    const address = this.#addresses.get(id);
    if (address === undefined) throw new Error(`There is no replica ${id}.`);
    return address;
  }

  /** Returns the process in which a replica runs or last ran. */
  childOf(id: string): Child<ServerMessage> {
    const member = this.#members.get(id);
    if (member === undefined) throw new Error(`There is no replica ${id}.`);
    return member.child;
  }

  /** The status of the primary that serves in the newest term. */
  get primary(): ReplicaStatus | undefined {
    let newest: ReplicaStatus | undefined;
    for (const { child, status } of this.#members.values())
      if (child.alive && status !== undefined && serves(status) && status.term > (newest?.term ?? 0)) newest = status;
    return newest;
  }

  /** The backups that run and whose present incarnation is in the primary's in-sync set. */
  get inSyncBackups(): readonly string[] {
    const { primary } = this;
    const others = primary?.inSync.filter(({ id }) => id !== primary.replica.id) ?? [];
    return others.filter((life) => this.#isAlive(life)).map(({ id }) => id);
  }

  /** Whether there is a primary and all other running replicas are in sync. */
  get whole(): boolean {
    const running = [...this.#members.values()].filter(({ child }) => child.alive);
    return this.primary !== undefined && this.inSyncBackups.length === running.length - 1;
  }

  /** The primary, if a running backup could take its place. */
  get replaceablePrimary(): ReplicaStatus | undefined {
    return this.inSyncBackups.length > 0 ? this.primary : undefined;
  }

  /** Waits until there is a primary and all replicas are in sync. */
  async formed(): Promise<void> {
    await this.until(() => this.whole);
  }

  /**
   * Kills the process of the primary as soon as a running backup is in sync. Before that, the group may not survive a
   * kill.
   *
   * @returns the kill; undefined if `over` became true first
   */
  async killPrimary(over: () => boolean): Promise<GroupEvent | undefined> {
    await this.until(() => over() || this.replaceablePrimary !== undefined);
    const status = this.replaceablePrimary;
    if (over() || status === undefined) return undefined;
    const replica = status.replica.id;
    this.#members.get(replica)?.child.kill();
    const inSync = status.inSync.length;
    const event: GroupEvent = { kind: 'killed', atMs: monotonicMs(), term: status.term, replica, inSync };
    this.events.push(event);
    return event;
  }

  /** Starts a replica in a new process, for the first time or after its last process has ended. */
  startReplica(id: string): void {
    const mode = this.#mode;
    const args = [
      ...['--id', id, '--address', this.addressOf(id), ...this.#coordinator],
      ...['--replication', mode.replication, '--multicast', mode.multicast, '--release', mode.release],
      ...['--carrier', mode.carrier, '--lease-ms', String(mode.leaseMs), ...this.#ownOptions],
    ];
    const child = this.#stage.children.start<ServerMessage>(id, `servers/${this.#example}.js`, args, this.#execArgv);
    const member: Member = { child, status: undefined };
    this.#members.set(id, member);
    child.on('claims', ({ atMs }) => this.takeOvers.push({ kind: 'claims', atMs, replica: id }));
    child.on('status', ({ status, atMs }) => {
      this.#noteTakeOver(member.status, status, atMs);
      member.status = status;
      if (serves(status)) this.#noteService(status, atMs);
      this.wake();
    });
    void child.exited.then(() => this.wake());
  }

  /** Asks a replica for a report. */
  report(id: string): Promise<ReplicaReport> {
    const child = this.childOf(id);
    const gone = child.exited.then((how) => {
      throw new DemoFailure(`${id} ended (${how}) before it sent its report.`);
    });
    const report = Promise.race([child.next('report'), gone]);
    child.tell({ kind: 'report' } satisfies ReportCommand);
    return this.#stage.until(report);
  }

  /** Lets every caller that waits in `until` check its condition again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Waits for a condition. It is checked when a replica reports or ends, and after `wake`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#stage.until(new Promise<void>((resolve) => this.#waiting.push(resolve)));
  }

  #isAlive({ id, incarnation }: Life): boolean {
    const member = this.#members.get(id);
    return member?.child.alive === true && member.status?.replica.incarnation === incarnation;
  }

  #noteTakeOver(before: ReplicaStatus | undefined, { role, replica: { id } }: ReplicaStatus, atMs: number): void {
    if (before?.role === role) return;
    if (role === 'promoting') this.takeOvers.push({ kind: 'promotes', atMs, replica: id });
    if (role === 'primary') this.takeOvers.push({ kind: 'serves', atMs, replica: id });
  }

  #noteService({ replica: { id }, term, inSync: { length } }: ReplicaStatus, atMs: number): void {
    const known = this.events.findIndex((event) => event.kind === 'serves' && event.term === term);
    const event = this.events[known];
    if (event === undefined) this.events.push({ kind: 'serves', atMs, term, replica: id, inSync: length });
    else if (length > event.inSync) this.events[known] = { ...event, inSync: length };
  }
}

const serves = ({ role, blocked }: ReplicaStatus): boolean => role === 'primary' && blocked === undefined;
