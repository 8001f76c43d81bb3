/** A service written as people write them, whose items expire by `setTimeout`, while its primaries are killed under load. */
import { createHash, randomUUID } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { createReplica, type ReplicaServerOptions as Options, type ReplicaServer } from '@understudy/server';
import { afterEach, describe, expect, it } from 'vitest';

/**
 * Two modes with two kills each are a test. `INVENTORY_KILLS=7 INVENTORY_TTL_MS=10000 npx vitest run integration/timers.test.ts`
 * plays all sixteen with seven each.
 */
const ASKED = process.env.INVENTORY_KILLS;
const KILLS = Number(ASKED ?? 2);
const TTL_MS = Number(process.env.INVENTORY_TTL_MS ?? 150);

interface Played {
  readonly replication: 'semi-active' | 'passive';
  readonly multicast: 'direct' | 'destination';
  readonly carrier: 'stream' | 'rpc';
  readonly release: 'concurrent' | 'acknowledged';
}

const SHORT: readonly Played[] = [
  { replication: 'semi-active', multicast: 'direct', carrier: 'stream', release: 'concurrent' },
  { replication: 'passive', multicast: 'direct', carrier: 'rpc', release: 'acknowledged' },
];
const ALL: readonly Played[] = (['semi-active', 'passive'] as const).flatMap((replication) =>
  (['direct', 'destination'] as const).flatMap((multicast) =>
    (['stream', 'rpc'] as const).flatMap((carrier) =>
      (['concurrent', 'acknowledged'] as const).map((release) => ({ replication, multicast, carrier, release })),
    ),
  ),
);

const method = (name: string) => ({
  ...{ path: `/test.Inventory/${name}`, requestStream: false, responseStream: false },
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as string,
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as string,
});
const inventory = { Add: method('Add'), WaitForNext: method('WaitForNext') };

type Call = grpc.ServerUnaryCall<string, string>;
type Callback = grpc.sendUnaryData<string>;

/** Knows nothing of replication. */
class Inventory {
  items: Record<string, { readonly name: string; readonly createdAt: string }> = {};
  expired: string[] = [];
  sampled = 0;
  #waiting: Callback[] = [];

  readonly handlers = {
    Add: (call: Call, callback: Callback) => {
      const id = randomUUID();
      this.items[id] = { name: call.request, createdAt: new Date().toISOString() };
      setTimeout(() => this.#expire(id), TTL_MS);
      if (Math.random() < 0.3) this.sampled++;
      for (const answer of this.#waiting.splice(0)) answer(null, call.request);
      callback(null, id);
    },
    WaitForNext: (call: Call, callback: Callback) => {
      this.#waiting.push(callback);
      call.on('cancelled', () => {
        this.#waiting = this.#waiting.filter((one) => one !== callback);
        callback({ code: grpc.status.CANCELLED });
      });
    },
  };

  checkpoint(): Uint8Array {
    const { items, expired, sampled } = this;
    return Buffer.from(JSON.stringify({ items, expired, sampled }));
  }

  restore(state: Uint8Array): void {
    Object.assign(this, JSON.parse(Buffer.from(state).toString()));
    this.#waiting = [];
  }

  get digest(): string {
    return createHash('sha256').update(this.checkpoint()).digest('hex');
  }

  #expire(id: string): void {
    const item = this.items[id];
    if (item === undefined) throw new Error(`${id} expires twice`);
    if (Date.now() - Date.parse(item.createdAt) < TTL_MS) throw new Error(`${id} expires too early`);
    delete this.items[id];
    this.expired.push(id);
  }
}

interface Node {
  readonly service: Inventory;
  readonly server: grpc.Server;
  readonly replica: ReplicaServer;
  readonly address: string;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Group {
  nodes: Node[] = [];
  readonly problems: string[] = [];
  readonly #coordinator = memoryCoordinator();
  readonly #serviceConfig: object;
  readonly #options: Pick<Options, 'determinism'>;

  constructor(settings: object, options: Pick<Options, 'determinism'> = {}) {
    this.#options = options;
    const methods = [{ name: [{ service: 'test.Inventory', method: 'WaitForNext' }], waitsForOthers: true }];
    const entry = { group: 'inventory', leaseMs: 500, methods, ...settings };
    this.#serviceConfig = { loadBalancingConfig: [{ understudy: entry }] };
  }

  async join(replicaId: string): Promise<void> {
    const service = new Inventory();
    const replica = createReplica({
      ...{ replicaId, coordinator: this.#coordinator, serviceConfig: this.#serviceConfig, state: service },
      ...this.#options,
      handleSignals: false,
      logger: {
        log: (level, event, fields = {}) => {
          if (level === 'error') this.problems.push(`${event} ${JSON.stringify(fields)}`);
        },
      },
    });
    const server = new grpc.Server({ interceptors: replica.interceptors() });
    replica.attach(server);
    server.addService(inventory, service.handlers as unknown as grpc.UntypedServiceImplementation);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const address = `127.0.0.1:${port}`;
    ends.push(() => server.forceShutdown());
    await replica.start({ address });
    this.nodes.push({ service, server, replica, address });
  }

  connect(): grpc.Client {
    const target = `understudy:///${this.nodes.map(({ address }) => address).join()}`;
    const options = replicated({ serviceConfig: this.#serviceConfig });
    const client = new grpc.Client(target, grpc.credentials.createInsecure(), options);
    ends.push(() => understudyClient(client).close());
    return client;
  }

  get primary(): Node | undefined {
    return this.nodes.find(({ replica }) => replica.status.role === 'primary');
  }

  /** The primary dies, as far as the others can tell. */
  kill(): void {
    const { primary } = this;
    this.nodes = this.nodes.filter((node) => node !== primary);
    primary?.server.forceShutdown();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await later(5);
  }
}

const ask = (client: grpc.Client, name: keyof typeof inventory, text: string): Promise<string> => {
  const { path, requestSerialize, responseDeserialize } = inventory[name];
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, text, (error, value) =>
      error === null ? resolve(value ?? '') : reject(error),
    ),
  );
};

describe.each(ASKED === undefined ? SHORT : ALL)(
  'an inventory whose items expire, $replication, $multicast, $carrier, $release',
  (mode) => {
    it(`has the same state on every replica, after ${KILLS} kills under load, and each item expired once`, async () => {
      const group = new Group(mode);
      for (let i = 1; i <= 3; i++) await group.join(`inventory-${i}`);
      const added: string[] = [];
      let isOver = false;
      let polls = 0;
      const use = async (client: grpc.Client, user: number): Promise<void> => {
        for (let i = 0; !isOver; i++) {
          added.push(await ask(client, 'Add', `${user}-${i}`));
          await later(5);
        }
      };
      const poll = async (client: grpc.Client): Promise<void> => {
        for (; !isOver; polls++) await ask(client, 'WaitForNext', 'next');
      };
      for (let kill = 1; kill <= KILLS; kill++) {
        await group.until(() => group.primary?.replica.status.inSync.length === 3);
        const client = group.connect();
        isOver = false;
        const users = [1, 2, 3].map((user) => use(client, user));
        const poller = poll(client);
        const before = added.length;
        await group.until(() => added.length >= before + 30);
        group.kill();
        const after = added.length;
        await group.until(() => added.length >= after + 10);
        // The new replica joins while timers are armed and a long poll waits.
        await group.join(`inventory-${kill + 3}`);
        await group.until(() => group.primary?.replica.status.inSync.length === 3);
        isOver = true;
        await Promise.all(users);
        await ask(client, 'Add', 'last');
        await poller;
      }
      await group.until(() => group.primary?.replica.status.timers === 0);
      const services = group.nodes.map(({ service }) => service);
      const holder = group.primary?.service;
      await group.until(() => Object.keys(holder?.items ?? {}).length === 0);
      expect(group.problems).toEqual([]);
      expect(polls).toBeGreaterThan(KILLS);
      for (const id of added) expect(holder?.expired).toContain(id);
      expect(new Set(holder?.expired).size).toBe(holder?.expired.length);
      if (mode.replication === 'passive') return;
      await group.until(() => new Set(services.map(({ digest }) => digest)).size === 1);
    });
  },
);

describe("the same inventory with determinism: 'api', whose handlers see each replica's own clock and randomness", () => {
  it('is caught at its first call: the replicas that differ say in which method, and what to use', async () => {
    const group = new Group({ replication: 'semi-active' }, { determinism: 'api' });
    for (let i = 1; i <= 3; i++) await group.join(`inventory-${i}`);
    await group.until(() => group.primary?.replica.status.inSync.length === 3);
    await ask(group.connect(), 'Add', 'first');
    const backups = group.nodes.filter((node) => node !== group.primary);
    await group.until(() => backups.every(({ replica }) => replica.status.divergences > 0));
    const told = group.problems.filter((problem) => problem.startsWith('UNDERSTUDY_DIVERGED'));
    for (const id of ['inventory-2', 'inventory-3']) {
      const [own] = told.filter((problem) => problem.includes(`replica ${id} came to other results`));
      expect(own).toContain('/test.Inventory/Add');
      expect(own).toContain('use stepTime() and stepRandom()');
    }
  });
});
