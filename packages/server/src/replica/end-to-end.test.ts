import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

let stage: Stage;
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
});

function connect(nodes: readonly Node[]): Client {
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const client = new Client(
    target,
    credentials.createInsecure(),
    replicated({ serviceConfig: stage.serviceConfig, logger: stage.logger }),
  );
  clients.push(client);
  return client;
}

function add(client: Client, id: string): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
      error === null ? resolve(value as number) : reject(error),
    );
  });
}

/** Keeps `inFlight` calls open until `count` have been answered, and calls back after each. */
async function drive(client: Client, count: number, inFlight: number, answered: (soFar: number) => void) {
  const values: number[] = [];
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < count) {
      values.push(await add(client, `call ${++started}`));
      answered(values.length);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return values;
}

const oneToN = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const serving = (nodes: readonly Node[]) => nodes.find(({ status }) => status.role === 'primary');

describe.each([
  { replication: 'semi-active', multicast: 'direct', carrier: 'stream' },
  { replication: 'semi-active', multicast: 'destination', carrier: 'stream' },
  { replication: 'passive', multicast: 'direct', carrier: 'stream' },
  { replication: 'passive', multicast: 'destination', carrier: 'stream' },
  { replication: 'semi-active', multicast: 'direct', carrier: 'rpc' },
  { replication: 'semi-active', multicast: 'direct', carrier: 'stream', release: 'acknowledged' },
])('calls of a replicated client, $replication, $multicast, $carrier, $release', (settings) => {
  it('are answered, and each is executed once on all replicas', async () => {
    stage = new Stage(memoryCoordinator(), settings);
    const nodes = await stage.startGroup(3);
    await stage.until(() => nodes[0]?.status.inSync.length === 3);
    const values = await drive(connect(nodes), 200, 16, () => {});
    expect(ascending(values)).toEqual(oneToN(200));
    await stage.until(() => nodes.every(({ status }) => status.heldUpTo >= 200));
    const executing = settings.replication === 'passive' ? nodes.slice(0, 1) : nodes;
    await stage.until(() => executing.every(({ counter }) => counter.value === 200));
  });

  it('do not notice the crash of the primary, and each is executed exactly once', async () => {
    stage = new Stage(memoryCoordinator(), { ...settings, leaseMs: SHORT_LEASE_MS });
    const nodes = await stage.startGroup(3);
    await stage.until(() => nodes[0]?.status.inSync.length === 3);
    const values = await drive(connect(nodes), 400, 16, (soFar) => {
      if (soFar === 150) nodes[0]?.crash();
    });
    expect(ascending(values)).toEqual(oneToN(400));
    const next = serving(nodes.slice(1)) as Node;
    expect(next.counter.value).toBe(400);
    expect(new Set(next.counter.ids).size).toBe(400);
  });

  it('do not notice a hand-over', async () => {
    stage = new Stage(memoryCoordinator(), settings);
    const nodes = await stage.startGroup(3);
    await stage.until(() => nodes[0]?.status.inSync.length === 3);
    let stopped: Promise<unknown> | undefined;
    const values = await drive(connect(nodes), 400, 16, (soFar) => {
      if (soFar === 150) stopped = nodes[0]?.replica.stop();
    });
    expect(ascending(values)).toEqual(oneToN(400));
    expect(['r2', 'r3']).toContain(await stopped);
    expect(serving(nodes.slice(1))?.counter.value).toBe(400);
  });
});

/** Whether all three run, and are in sync in their present lives. */
const complete = (nodes: readonly Node[]) => (): boolean => {
  const members = serving(nodes)?.status.inSync ?? [];
  const running = nodes.map(({ status }) => status.replica.incarnation);
  return members.length === 3 && members.every(({ incarnation }) => running.includes(incarnation));
};

describe.each([
  { replication: 'semi-active', multicast: 'direct' },
  { replication: 'passive', multicast: 'destination', checkpointEvery: 50 },
])('a group that loses its primary again and again, $replication, $multicast', (settings) => {
  it('answers every call, and each is executed exactly once', async () => {
    stage = new Stage(memoryCoordinator(), { ...settings, leaseMs: 150 });
    let nodes = await stage.startGroup(3);
    const client = connect(nodes);
    let over = false;
    const values: number[] = [];
    const worker = async (name: string): Promise<void> => {
      while (!over) values.push(await add(client, `${name} ${values.length}`));
    };
    const workers = ['a', 'b', 'c', 'd'].map(worker);
    for (let round = 0; round < 8; round++) {
      await stage.until(complete(nodes));
      const primary = serving(nodes) as Node;
      const { id } = primary.status.replica;
      if (round % 2 === 0) primary.crash();
      else await primary.end();
      nodes = nodes.filter((node) => node !== primary);
      await stage.until(() => serving(nodes) !== undefined);
      nodes.push(await stage.start(id, {}, primary.address));
    }
    over = true;
    await Promise.all(workers);
    expect(ascending(values)).toEqual(oneToN(values.length));
    const primary = serving(nodes) as Node;
    expect(primary.counter.value).toBe(values.length);
    expect(new Set(primary.counter.ids).size).toBe(values.length);
  });
});
