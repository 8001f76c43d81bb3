/** Handlers that stamp times and make ids, as people write them, on groups whose primaries die. */
import crypto, { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { nested, replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { createReplica, type ReplicaServer, stepRandom, stepTime } from '@understudy/server';
import { afterEach, describe, expect, it } from 'vitest';

/** As packages do that make ids: they take the function aside when they are loaded. */
const { randomUUID } = crypto;

const json = {
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as string,
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as string,
};
const unary = (name: string) => ({
  ...{ path: `/test.Inventory/${name}`, requestStream: false, responseStream: false },
  ...json,
});
const inventory = {
  Add: unary('Add'),
  AddSlowly: unary('AddSlowly'),
  Quote: unary('Quote'),
  Through: unary('Through'),
  Follow: { ...unary('Follow'), requestStream: true, responseStream: true },
};
const suppliers = { Price: { ...unary('Price'), path: '/test.Suppliers/Price' } };

type Call = grpc.ServerUnaryCall<string, string>;
type Callback = grpc.sendUnaryData<string>;
type Duplex = grpc.ServerDuplexStream<string, string>;

/** A service that knows nothing of replication, but for what it may call. */
class Inventory {
  items: string[] = [];
  readonly #supplier: grpc.Client;

  constructor(supplier: grpc.Client) {
    this.#supplier = supplier;
  }

  readonly handlers = {
    Add: (call: Call, callback: Callback) => callback(null, this.#add(call.request)),
    AddSlowly: async (call: Call, callback: Callback) => {
      const first = this.#add(call.request);
      await new Promise((resolve) => setImmediate(resolve));
      const second = await new Promise<string>((resolve) =>
        randomBytes(8, (_, bytes) => resolve(this.#add(bytes.toString('hex')))),
      );
      callback(null, `${first} ${second}`);
      // Still part of the step, as the rest of a function is.
      this.#add('behind the reply');
    },
    /** The random functions of our own that need no replaced globals. */
    Through: (call: Call, callback: Callback) => {
      this.items.push(`${call.request} ${stepTime()} ${stepRandom()}`);
      callback(null, this.items.at(-1) ?? '');
    },
    Quote: async (call: Call, callback: Callback) => {
      const before = this.#add(call.request);
      const price = await this.#price(call.request);
      callback(null, `${before} ${this.#add(price)}`);
    },
    Follow: (call: Duplex) => {
      const answers: Promise<unknown>[] = [];
      call.on('data', (text: string) => {
        call.write(this.#add(text));
        // A replica that dies tells its handlers so.
        const answer = this.#price(text).then(
          (price) => call.write(this.#add(price)),
          () => {},
        );
        answers.push(answer);
      });
      call.on('end', () => void Promise.all(answers).then(() => call.end()));
    },
  };

  checkpoint(): Uint8Array {
    return Buffer.from(JSON.stringify(this.items));
  }

  restore(state: Uint8Array): void {
    this.items = JSON.parse(Buffer.from(state).toString()) as string[];
  }

  #add(name: string): string {
    const stamp = [new Date().toISOString(), Date.now(), performance.timeOrigin + performance.now()];
    const item = [name, ...stamp, randomUUID(), crypto.randomUUID(), Math.random(), crypto.randomInt(1000)].join(' ');
    this.items.push(item);
    return item;
  }

  #price(name: string): Promise<string> {
    const { path, requestSerialize, responseDeserialize } = suppliers.Price;
    // Handlers often compute a deadline.
    const options = { deadline: new Date(Date.now() + 60_000) };
    return new Promise((resolve, reject) =>
      this.#supplier.makeUnaryRequest(path, requestSerialize, responseDeserialize, name, options, (error, price) =>
        error === null ? resolve(price ?? '') : reject(error),
      ),
    );
  }
}

const bind = (server: grpc.Server): Promise<string> =>
  new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
    ),
  );

interface Node {
  readonly service: Inventory;
  readonly server: grpc.Server;
  readonly replica: ReplicaServer;
  readonly address: string;
}

/** Everything that a test starts, ended in the opposite order. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Settings {
  readonly replication: 'semi-active' | 'passive';
  readonly [name: string]: unknown;
}

class Group {
  readonly nodes: Node[] = [];
  readonly logged: { readonly event: string; readonly fields: object }[] = [];
  readonly #settings: Settings;
  readonly #determinism: 'patch' | 'api';
  readonly #coordinator = memoryCoordinator();
  #supplier = '';

  constructor(settings: Settings, determinism: 'patch' | 'api' = 'patch') {
    this.#settings = settings;
    this.#determinism = determinism;
  }

  get serviceConfig(): object {
    return { loadBalancingConfig: [{ understudy: { group: 'inventory', leaseMs: 500, ...this.#settings } }] };
  }

  async start(size: number): Promise<void> {
    const supplier = new grpc.Server();
    supplier.addService(suppliers, {
      Price: (call: Call, callback: Callback) => callback(null, `price of ${call.request}`),
    });
    this.#supplier = await bind(supplier);
    ends.push(() => supplier.forceShutdown());
    for (let i = 1; i <= size; i++) await this.join(`inventory-${i}`);
  }

  async join(replicaId: string): Promise<Node> {
    const client = new grpc.Client(this.#supplier, grpc.credentials.createInsecure(), nested());
    ends.push(() => client.close());
    const service = new Inventory(client);
    const replica = createReplica({
      ...{ replicaId, coordinator: this.#coordinator, serviceConfig: this.serviceConfig, state: service },
      ...{ handleSignals: false, determinism: this.#determinism },
      logger: { log: (_level, event, fields = {}) => this.logged.push({ event, fields }) },
    });
    const server = new grpc.Server({ interceptors: replica.interceptors() });
    replica.attach(server);
    server.addService(inventory, service.handlers as unknown as grpc.UntypedServiceImplementation);
    const node = { service, server, replica, address: await bind(server) };
    await replica.start({ address: node.address });
    this.nodes.push(node);
    ends.push(() => server.forceShutdown());
    return node;
  }

  connect(options: object = {}): grpc.Client {
    const target = `understudy:///${this.nodes.map(({ address }) => address).join(',')}`;
    const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
      ...replicated({ serviceConfig: this.serviceConfig, ...options }),
    });
    ends.push(() => understudyClient(client).close());
    return client;
  }

  get primary(): Node {
    const primary = this.nodes.find(({ replica }) => replica.status.role === 'primary');
    if (primary === undefined) throw new Error('nobody is primary');
    return primary;
  }

  /** The primary's process dies, as far as the others can tell. */
  kill(): void {
    const { primary } = this;
    this.nodes.splice(this.nodes.indexOf(primary), 1);
    primary.server.forceShutdown();
  }

  /** Resolves when all replicas have processed the same, or hold it where they do not process. */
  async settled(): Promise<void> {
    const statuses = () => this.nodes.map(({ replica: { status } }) => status);
    await this.until(() => new Set(statuses().map(({ heldUpTo }) => heldUpTo)).size === 1);
    await this.until(() => statuses().every((one) => !this.#executes(one.role) || one.processedUpTo === one.heldUpTo));
  }

  #executes(role: string): boolean {
    return this.#settings.replication === 'semi-active' || role === 'primary';
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  get divergences(): object[] {
    return this.logged.filter(({ event }) => event === 'UNDERSTUDY_DIVERGED').map(({ fields }) => fields);
  }
}

const call = (client: grpc.Client, name: 'Add' | 'AddSlowly' | 'Quote' | 'Through', text: string): Promise<string> => {
  const { path, requestSerialize, responseDeserialize } = inventory[name];
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, text, (error, value) =>
      error === null ? resolve(value ?? '') : reject(error),
    ),
  );
};

/** Sends texts on a stream, and resolves with what came back. */
function follow(client: grpc.Client, texts: readonly string[]): Promise<string[]> {
  const { path, requestSerialize, responseDeserialize } = inventory.Follow;
  const stream = client.makeBidiStreamRequest<string, string>(path, requestSerialize, responseDeserialize);
  const items: string[] = [];
  stream.on('data', (item: string) => items.push(item));
  for (const text of texts) stream.write(text);
  stream.end();
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('status', ({ code }) => (code === 0 ? resolve(items) : undefined));
  });
}

/** Calls of all kinds, a few at a time. */
async function load(client: grpc.Client, from: number): Promise<string[]> {
  const names = Array.from({ length: 6 }, (_, i) => `item-${from + i}`);
  const replies = await Promise.all([
    ...names.map((name) => call(client, 'Add', name)),
    ...names.map((name) => call(client, 'AddSlowly', name)),
    ...names.map((name) => call(client, 'Quote', name)),
    follow(client, names).then((items) => items.join(' ')),
    call(client, 'Through', 'api'),
  ]);
  return replies;
}

const modes = (['semi-active', 'passive'] as const).flatMap((replication) =>
  (['stream', 'rpc'] as const).flatMap((carrier) =>
    (['concurrent', 'acknowledged'] as const).map((release) => ({ replication, carrier, release })),
  ),
);

const uuidsOf = (text: string): string[] => text.match(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{18}/g) ?? [];

const timesOf = (items: readonly string[]): number[] =>
  items.map((item) => Number(/ (\d{13}) /.exec(item)?.[1] ?? 'NaN'));

describe.each(modes)('handlers with clocks and ids, $replication, $carrier, $release', (mode) => {
  it('come to the same on every replica, through two deaths of the primary and a replica that joins', async () => {
    const group = new Group({ ...mode, checkpointEvery: 20 });
    await group.start(3);
    const client = group.connect();
    const startedMs = Date.now();
    const replies: string[] = [];
    replies.push(...(await load(client, 0)));
    await group.settled();
    group.kill();
    replies.push(...(await load(client, 10)));
    await group.join('inventory-4');
    await group.until(() => group.primary.replica.status.inSync.length === 3);
    const later = group.connect();
    replies.push(...(await load(later, 20)));
    await group.settled();
    group.kill();
    replies.push(...(await load(later, 30)));
    await group.settled();

    expect(group.divergences).toEqual([]);
    const [first, second] = group.nodes.map(({ service }) => service.items);
    if (mode.replication === 'semi-active') expect(second).toEqual(first);
    const items = group.primary.service.items;
    // The replies that callers got agree with the state, whichever replica gave them and whichever has the state.
    const state = items.join(' ');
    for (const told of replies.flatMap(uuidsOf)) expect(state).toContain(told);
    const times = timesOf(items.filter((item) => !item.startsWith('api')));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(startedMs);
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
    const uuids = items.flatMap(uuidsOf);
    expect(uuids.length).toBeGreaterThan(items.length);
    expect(new Set(uuids).size).toBe(uuids.length);
  });
});

describe('handlers in a group that leaves the globals alone', () => {
  it('differ from each other, which is noticed', async () => {
    const group = new Group({ replication: 'semi-active' }, 'api');
    await group.start(3);
    await call(group.connect(), 'Add', 'x');
    await group.until(() => group.divergences.length > 0);
    expect(group.divergences[0]).toMatchObject({ method: '/test.Inventory/Add', orderNum: 1 });
  });

  it('find the order’s time and randomness in functions of ours', async () => {
    const group = new Group({ replication: 'semi-active' }, 'api');
    await group.start(3);
    await call(group.connect(), 'Through', 'x');
    await group.settled();
    expect(new Set(group.nodes.map(({ service }) => service.items.join())).size).toBe(1);
    expect(group.divergences).toEqual([]);
  });
});
