/** Groups of replicas in one process, for tests of the whole server. */
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServerOptions,
  type ServiceError,
} from '@grpc/grpc-js';
import type { CoordinatorFactory, GroupRecord, Logger, ReplicaStatus } from '@understudy/core';
import { forceRecord } from '@understudy/core/internal';
import { Promised } from '../ending/promised.js';
import type { ReplicaServerOptions } from '../replica/options.js';
import { ReplicaRuntime } from '../replica/replica-runtime.js';
import { Counter, counterService } from './counter.js';

export interface Answer {
  readonly error: ServiceError | null;
  readonly value: number | undefined;
}

export interface NodeSetup {
  /** Where to listen. Default: a free port of loopback. */
  readonly address?: string;
  /** The certificate of the server, and what it demands of clients. Default: no TLS. */
  readonly credentials?: ServerCredentials;
  /** The service's own interceptors. */
  readonly users?: readonly ServerInterceptor[];
  /** Whether the server gets the replica's interceptors. Default true. */
  readonly guarded?: boolean;
  /** Options of the server besides its interceptors. */
  readonly options?: ServerOptions;
  /** Adds services besides the counter. */
  readonly services?: (server: Server, counter: Counter) => void;
}

/** One replica of the counter, with a server of its own on a free port of loopback. */
export class Node {
  readonly counter = new Counter();
  readonly replica: ReplicaRuntime;
  readonly server: Server;
  address = '';
  failed: Error | undefined;
  #client: Client | undefined;

  private constructor(
    options: ReplicaServerOptions,
    { users = [], guarded = true, services, options: own = {} }: NodeSetup,
  ) {
    this.replica = new ReplicaRuntime({
      // This process also runs the tests.
      endsBlocked: false,
      ...options,
      state: options.state ?? this.counter,
      onFatal: (error) => {
        this.failed = error;
      },
    });
    const interceptors = this.replica.interceptors(users);
    this.server = new Server({ ...own, ...(guarded && { interceptors }) });
    this.replica.attach(this.server);
    this.server.addService(counterService, this.counter.handlers);
    services?.(this.server, this.counter);
  }

  static async bind(options: Omit<ReplicaServerOptions, 'state'>, setup: NodeSetup = {}): Promise<Node> {
    const node = new Node(options as ReplicaServerOptions, setup);
    const { address = '127.0.0.1:0', credentials = ServerCredentials.createInsecure() } = setup;
    const port = await new Promise<number>((resolve, reject) => {
      node.server.bindAsync(address, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    const host = /^(127\.[\d.]+|\[::1\])/.exec(address)?.[0] ?? '127.0.0.1';
    node.address = `${host}:${port}`;
    return node;
  }

  get status(): ReplicaStatus {
    return this.replica.status;
  }

  start(): Promise<void> {
    return this.replica.start({ address: this.address });
  }

  /** Makes a call with a client that knows nothing of replication. */
  call(
    name: keyof typeof counterService,
    request: unknown,
    entries: Record<string, string | Buffer> = {},
  ): Promise<Answer> {
    this.#client ??= new Client(this.address, credentials.createInsecure());
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
    const { path, requestSerialize, responseDeserialize } = counterService[name];
    const client = this.#client;
    return new Promise((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, value) =>
        resolve({ error, value: value as number | undefined }),
      );
    });
  }

  /** Makes a call of a service that has the counter's codec. */
  callAt(path: string, request: unknown): Promise<Answer> {
    this.#client ??= new Client(this.address, credentials.createInsecure());
    const { requestSerialize, responseDeserialize } = counterService.Add;
    const client = this.#client;
    return new Promise((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, value) =>
        resolve({ error, value: value as number | undefined }),
      );
    });
  }

  add(id: string, by: number): Promise<Answer> {
    return this.call('Add', { id, by });
  }

  crash(): void {
    this.replica.crash();
    this.#client?.close();
  }

  async end(): Promise<void> {
    await this.replica.stop();
    this.server.forceShutdown();
    this.#client?.close();
  }
}

/** The lease of groups that fail over only on command: no busy machine stalls a primary for this long. */
const LONG_LEASE_MS = 20_000;
/** The lease of groups that fail over by themselves: for this long a lost replica holds up the others. */
export const SHORT_LEASE_MS = 300;

/** A coordinator that a test can disturb. */
export type TestCoordinator = CoordinatorFactory & {
  readonly faults: {
    setReachable(reachable: boolean): void;
    loseNextAnswer(): void;
    replaceRecord(group: string, record: GroupRecord | undefined, isTold?: boolean): void;
  };
};

/** A group of counters in this process. */
export class Stage {
  readonly coordinator: TestCoordinator;
  readonly nodes: Node[] = [];
  readonly logged: string[] = [];
  readonly #settings: Record<string, unknown>;
  readonly #setup: NodeSetup;
  readonly #watchers = new Set<() => void>();

  /**
   * @param coordinator given by the test, since this package depends on none
   * @param settings of the group, besides its name
   * @param users the service's own interceptors
   * @param services what each replica has besides the counter
   * @param options of each server
   */
  constructor(
    coordinator: TestCoordinator,
    settings: Record<string, unknown> = {},
    users: readonly ServerInterceptor[] = [],
    services?: NodeSetup['services'],
    options: ServerOptions = {},
  ) {
    this.coordinator = coordinator;
    this.#setup = { users, options, ...(services && { services }) };
    this.#settings = { group: 'counters', leaseMs: LONG_LEASE_MS, ...settings };
  }

  get serviceConfig(): object {
    return { loadBalancingConfig: [{ understudy: this.#settings }] };
  }

  readonly logger: Logger = {
    log: (level, event, fields) => {
      this.logged.push(`${level} ${event} ${JSON.stringify(fields)}`);
    },
  };

  /** Makes a replica whose server is bound, without starting it. */
  async bind(
    replicaId: string,
    options: Partial<ReplicaServerOptions> = {},
    address?: string,
    credentials?: ServerCredentials,
  ): Promise<Node> {
    const node = await Node.bind(
      {
        replicaId,
        coordinator: this.coordinator,
        serviceConfig: this.serviceConfig,
        logger: this.logger,
        handleSignals: false,
        ...options,
      },
      { ...this.#setup, ...(address !== undefined && { address }), ...(credentials && { credentials }) },
    );
    node.replica.on('role', () => this.#look());
    this.nodes.push(node);
    return node;
  }

  async start(...args: Parameters<Stage['bind']>): Promise<Node> {
    const node = await this.bind(...args);
    await node.start();
    return node;
  }

  /** Starts r1, r2 … one after the other; r1 is the first primary. */
  async startGroup(size: number): Promise<Node[]> {
    const nodes: Node[] = [];
    for (let i = 1; i <= size; i++) nodes.push(await this.start(`r${i}`));
    return nodes;
  }

  /** Makes a running replica the primary, as an operator would. */
  async force(id: string): Promise<void> {
    const coordinator = this.coordinator('counters');
    const record = await coordinator.read();
    const presence = (await coordinator.present()).find(({ member }) => member.id === id);
    if (record === undefined || presence === undefined) throw new Error(`cannot force ${id}`);
    const result = await coordinator.compareAndSwap(
      record.epoch,
      forceRecord(record, presence.member, presence.address, presence.peerAddress, presence.brings),
    );
    if (result.kind !== 'swapped') throw new Error(`cannot force ${id}: ${result.kind}`);
  }

  /** Resolves once `condition` holds. It checks after every change of a role and every few milliseconds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        clearInterval(timer);
        this.#watchers.delete(look);
        resolve();
      };
      const timer = setInterval(look, 5);
      this.#watchers.add(look);
      look();
    });
  }

  /**
   * Stops all replicas at the same time. The last of several would go on for a second in case another one starts again, so
   * it is ended at once; how the last one stops has tests of its own.
   */
  async end(): Promise<void> {
    const left = new Set(this.nodes);
    const othersEnded = new Promised<void>();
    for (const node of this.nodes) {
      void node.end().then(() => {
        left.delete(node);
        if (left.size <= (this.nodes.length > 1 ? 1 : 0)) othersEnded.resolve();
      }, othersEnded.reject);
    }
    if (this.nodes.length > 0) await othersEnded.promise;
    for (const node of left) {
      node.crash();
      node.server.forceShutdown();
    }
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }
}
