/** A replicated bank in containers. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { etcd } from '@understudy/coordinator-etcd';
import type { Coordinator, GroupRecord } from '@understudy/core';
import { GenericContainer, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import type { Mode } from '../../packages/examples/dist/bank/service-config.js';
import { connectBare } from '../../packages/workshop/dist/bank/client.js';
import { docker } from '../engine/docker.js';
import { Patience } from '../history/patience.js';
import { Admin, type Status } from './admin.js';
import type { EtcdCluster } from './etcd-cluster.js';

const PORT = 50_051;
/** Of replicas that run for one test. */
const GROUP_SECRET = randomBytes(32).toString('base64');
const REPLICAS = ['bank-1', 'bank-2', 'bank-3'] as const;

let banks = 0;

/** A bank whose three replicas are containers. An etcd in containers keeps its record. */
export class BankCluster {
  readonly names: readonly string[] = REPLICAS;
  readonly mode: Mode;
  /** The lines that the replicas logged. */
  readonly logged: string[] = [];
  readonly #network: StartedNetwork;
  readonly #arguments: readonly string[];
  readonly #containers = new Map<string, StartedTestContainer>();
  readonly #coordinator: Coordinator;
  #record: GroupRecord | undefined;
  readonly #patience = new Patience(() => `the record is ${JSON.stringify(this.#record)}`);

  /** Resolves when all three are in sync. */
  static async start(network: StartedNetwork, members: EtcdCluster, mode: Mode): Promise<BankCluster> {
    const cluster = new BankCluster(network, members, mode, `test-${++banks}/`);
    // The replicas start one after the other, and the first becomes primary.
    await Promise.all(REPLICAS.map((name) => cluster.run(name)));
    await cluster.until(({ inSync }) => inSync.length === REPLICAS.length);
    return cluster;
  }

  private constructor(network: StartedNetwork, members: EtcdCluster, mode: Mode, keyPrefix: string) {
    this.#network = network;
    this.mode = mode;
    this.#arguments = [
      ...['--etcd', members.hosts, '--etcd-prefix', keyPrefix, '--lease-ms', `${mode.leaseMs}`],
      ...['--replication', mode.replication, '--multicast', mode.multicast],
      ...['--release', mode.release, '--carrier', mode.carrier],
    ];
    this.#coordinator = etcd({ hosts: members.hostsFromHere, keyPrefix })('bank');
    this.#coordinator.watch(
      (record) => {
        this.#record = record;
        this.#patience.look();
      },
      () => {},
    );
  }

  get target(): string {
    return `understudy:///${REPLICAS.map((name) => `${name}:${PORT}`).join()}`;
  }

  get record(): GroupRecord {
    if (this.#record === undefined) throw new Error('the group has no record yet');
    return this.#record;
  }

  get primary(): string {
    return this.record.primary.id;
  }

  get backups(): readonly string[] {
    return this.record.inSync.map(({ id }) => id as string).filter((id) => id !== this.primary);
  }

  idOf(name: string): string {
    return this.#containerOf(name).getId();
  }

  /** Starts a replica in a container of its own, for the first time or after its last container has ended. */
  async run(name: string): Promise<void> {
    const container = await new GenericContainer('understudy-bank')
      .withNetwork(this.#network)
      .withNetworkAliases(name)
      .withExposedPorts(PORT)
      .withEnvironment({ UNDERSTUDY_GROUP_SECRET: GROUP_SECRET })
      .withCommand(['--id', name, '--address', `${name}:${PORT}`, ...this.#arguments])
      .withLogConsumer((stream) => stream.on('data', (line: Buffer) => this.#log(name, line.toString())))
      // The image has no shell, so the ports cannot be probed from inside.
      .withWaitStrategy(Wait.forLogMessage(/"event"/))
      .start();
    this.#containers.set(name, container);
  }

  /** Kills a replica with SIGKILL. Resolves with this machine's monotonic time just before. */
  async kill(name: string): Promise<number> {
    const atMs = Number(process.hrtime.bigint()) / 1e6;
    await docker('kill', this.idOf(name));
    return atMs;
  }

  /** Ends a replica with SIGTERM. Resolves, when it has ended by itself, with the time just before. */
  async terminate(name: string): Promise<number> {
    const id = this.idOf(name);
    const atMs = Number(process.hrtime.bigint()) / 1e6;
    await docker('kill', '--signal', 'TERM', id);
    const status = await docker('wait', id);
    if (status !== '0') throw new Error(`${name} ended with ${status} after SIGTERM`);
    return atMs;
  }

  async remove(name: string): Promise<void> {
    await this.#containerOf(name).stop({ timeout: 0 });
    this.#containers.delete(name);
  }

  async pause(name: string): Promise<number> {
    const atMs = Number(process.hrtime.bigint()) / 1e6;
    await docker('pause', this.idOf(name));
    return atMs;
  }

  async resume(name: string): Promise<void> {
    await docker('unpause', this.idOf(name));
  }

  async disconnect(name: string): Promise<number> {
    const atMs = Number(process.hrtime.bigint()) / 1e6;
    await docker('network', 'disconnect', this.#network.getName(), this.idOf(name));
    return atMs;
  }

  async reconnect(name: string): Promise<void> {
    await docker('network', 'connect', '--alias', name, this.#network.getName(), this.idOf(name));
  }

  /** Longer than any wait for a lease to run out or for a session to register. */
  async passLease(): Promise<void> {
    await pause(5 * this.mode.leaseMs);
  }

  /** Returns the status that a replica reports. */
  async status(name: string): Promise<Status> {
    const container = this.#containerOf(name);
    const admin = new Admin(`${container.getHost()}:${container.getMappedPort(PORT)}`, GROUP_SECRET);
    try {
      return await admin.status();
    } finally {
      admin.close();
    }
  }

  /** Waits until the group's record fulfils a condition. */
  async until(condition: (record: GroupRecord) => boolean): Promise<void> {
    await this.#patience.until(() => this.#record !== undefined && condition(this.#record));
  }

  /** Waits until a replica logs a line that matches. */
  async untilLogged(line: RegExp): Promise<string> {
    const found = () => this.logged.find((each) => line.test(each));
    await this.#patience.until(() => found() !== undefined);
    return found() ?? '';
  }

  /** Calls one replica directly, without knowing the others. */
  async deposit(name: string, operationId: number): Promise<{ readonly code: number; readonly details: string }> {
    const container = this.#containerOf(name);
    const client = connectBare(`${container.getHost()}:${container.getMappedPort(PORT)}`);
    try {
      return await new Promise((resolve) => {
        client.deposit({ operationId, account: 'late', amountCents: 1 }, (error) =>
          resolve(error ?? { code: 0, details: '' }),
        );
      });
    } finally {
      client.close();
    }
  }

  async stop(): Promise<void> {
    await this.#coordinator.close().catch(() => {});
    await Promise.all([...this.#containers.values()].map((container) => container.stop({ timeout: 0 })));
  }

  #containerOf(name: string): StartedTestContainer {
    const container = this.#containers.get(name);
    if (container === undefined) throw new Error(`${name} does not run`);
    return container;
  }

  #log(name: string, line: string): void {
    this.logged.push(`${name} ${line.trimEnd()}`);
    this.#patience.look();
  }
}
