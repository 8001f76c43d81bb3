/** A group of counters whose replicas are replaced one by one, while clients call it. */
import type { Server } from '@grpc/grpc-js';
import type { GroupRecord } from '@understudy/core';
import type { ReplicaServerOptions } from '../../replica/options.js';
import { type Counter, counterService } from '../counter.js';
import { type Node, Stage, type TestCoordinator } from '../stage.js';

/** So long that no busy machine stalls a replica for it. No test waits for it, since replicas are told to stop. */
export const FLEET_LEASE_MS = 3_000;

/** The build that a replica is started with. */
export interface Build {
  readonly version: string;
  /** Settings of the group, besides its name. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What the handler of this build adds to its replies. */
  readonly mark?: number;
  readonly unreplicated?: readonly string[];
  /** Whether it has one more method. */
  readonly more?: boolean;
  /** By how many bytes its copies of the state are larger than necessary. */
  readonly padding?: number;
}

const { path: _path, ...codec } = counterService.Get;

/** A service that only later builds have: it adds one. */
export const moreService = { Bump: { ...codec, path: '/test.More/Bump' } };

const addMore = (server: Server, counter: Counter): void =>
  server.addService(moreService, {
    Bump: ({ request }: { request: string }, callback: (error: null, value: number) => void) => {
      counter.ids.push(request);
      callback(null, counter.ids.length);
    },
  });

/** The replicas r1, r2 and r3, or others, each with its own build. */
export class Fleet {
  readonly stage: Stage;
  /** The running replicas. */
  readonly nodes = new Map<string, Node>();
  /** The smallest number of replicas in sync since all of them were. */
  leastInSync = Number.POSITIVE_INFINITY;
  readonly #coordinator: TestCoordinator;
  readonly #ids: readonly string[];
  readonly #unwatch: () => void;
  #building: Build = { version: '' };
  #full = false;
  record: GroupRecord | undefined;

  constructor(coordinator: TestCoordinator, ids: readonly string[] = ['r1', 'r2', 'r3']) {
    this.#coordinator = coordinator;
    this.#ids = ids;
    this.stage = new Stage(coordinator, { leaseMs: FLEET_LEASE_MS }, [], (server, counter) => {
      if (this.#building.more) addMore(server, counter);
    });
    this.#unwatch = this.#coordinator('counters').watch(
      (record) => this.#note(record),
      () => {},
    );
  }

  #note(record: GroupRecord): void {
    this.record = record;
    const size = record.inSync.length;
    if (size === this.#ids.length) this.#full = true;
    if (this.#full) this.leastInSync = Math.min(this.leastInSync, size);
  }

  /**
   * Starts a replica; it is in sync when it has started.
   *
   * @param address where its predecessor was, or none for a new one
   */
  async start(id: string, build: Build, address = this.nodes.get(id)?.address): Promise<Node> {
    const { stage } = this;
    this.#building = build;
    const settings = { group: 'counters', leaseMs: FLEET_LEASE_MS, ...build.settings };
    const options: Partial<ReplicaServerOptions> = {
      version: build.version,
      ...(build.unreplicated && { unreplicated: build.unreplicated }),
      serviceConfig: { loadBalancingConfig: [{ understudy: settings }] },
    };
    const node = await stage.bind(id, options, address);
    node.counter.mark = build.mark ?? 0;
    node.counter.padding = build.padding ?? 0;
    this.nodes.set(id, node);
    await node.start();
    return node;
  }

  async startAll(build: Build): Promise<void> {
    for (const id of this.#ids) await this.start(id, build);
    await this.whole();
  }

  /** Resolves once all running replicas are in sync. */
  whole(): Promise<void> {
    return this.stage.until(() => this.primary?.status.inSync.length === this.nodes.size);
  }

  get primary(): Node | undefined {
    return [...this.nodes.values()].find(({ status }) => status.role === 'primary');
  }

  node(id: string): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no ${id}`);
    return node;
  }

  /** Stops a replica, and returns the address that it had. */
  async leave(id: string): Promise<string> {
    const node = this.node(id);
    await node.end();
    this.nodes.delete(id);
    return node.address;
  }

  crash(id: string): void {
    const node = this.node(id);
    node.crash();
    node.server.forceShutdown();
    this.nodes.delete(id);
  }

  /** Stops a replica and starts it anew as another build, as a rolling restart does. */
  async replace(id: string, build: Build): Promise<void> {
    await this.start(id, build, await this.leave(id));
  }

  async end(): Promise<void> {
    this.#unwatch();
    await this.stage.end();
  }
}
