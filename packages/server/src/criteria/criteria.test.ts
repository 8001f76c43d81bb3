import { Client, credentials, Metadata, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReplicaServerOptions } from '../replica/options.js';
import { type Added, counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const CALLS = 100;

let stage: Stage;
afterEach(() => stage.end());

/** The primary of two replicas, whose first call waits until a test lets it go on. */
class BusyGroup {
  readonly nodes: Node[] = [];
  #goOn: (() => void) | undefined;

  async start(settings: Record<string, unknown>, options: Partial<ReplicaServerOptions> = {}): Promise<Node> {
    stage = new Stage(memoryCoordinator(), settings);
    for (const id of ['r1', 'r2']) {
      const node = await stage.bind(id, options);
      const { Add } = node.counter.handlers;
      const handlers = {
        ...node.counter.handlers,
        Add: (call: ServerUnaryCall<Added, number>, callback: sendUnaryData<number>) => {
          if (call.request.id !== 'first' || id !== 'r1') Add(call, callback);
          else this.#goOn = () => Add(call, callback);
        },
      };
      node.server.removeService(counterService);
      node.server.addService(counterService, handlers);
      await node.start();
      this.nodes.push(node);
    }
    return this.nodes[0] as Node;
  }

  /** Makes calls that queue behind the first one. @returns the ids in the order in which each replica processed them */
  async process(node: Node, calls: readonly [id: string, metadata: Record<string, string>][]): Promise<string[][]> {
    const first = node.add('first', 1);
    await stage.until(() => this.#goOn !== undefined);
    const answers = calls.map(([id, metadata]) => node.call('Add', { id, by: 1 }, metadata));
    await stage.until(() => node.status.unordered >= calls.length);
    this.#goOn?.();
    for (const { error } of await Promise.all([first, ...answers])) expect(error).toBeNull();
    await stage.until(() => this.nodes.every(({ counter }) => counter.ids.length === calls.length + 1));
    return this.nodes.map(({ counter }) => counter.ids.slice(1));
  }
}

describe('a hundred calls that wait behind a slow one', () => {
  it('are processed by their priority, on all replicas alike', async () => {
    const group = new BusyGroup();
    const primary = await group.start({ ordering: 'priority', priorityKey: 'x-priority', ageingMs: 3_600_000 });
    const ids = Array.from({ length: CALLS }, (_, i) => ({ id: `${i}`, priority: (i * 37) % CALLS }));
    const orders = await group.process(
      primary,
      ids.map(({ id, priority }) => [id, { 'x-priority': `${priority}` }]),
    );
    const byPriority = ids.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id);
    expect(orders).toEqual([byPriority, byPriority]);
  });

  it('are processed as the application compares them, and an error of its own is logged once', async () => {
    const group = new BusyGroup();
    let asked = 0;
    const primary = await group.start(
      { ordering: 'custom' },
      {
        compares: (a, b) => {
          if (asked++ === 0) throw new Error('no idea');
          return Number(a.metadata.get('rank')[0]) - Number(b.metadata.get('rank')[0]);
        },
      },
    );
    const [order] = await group.process(
      primary,
      ['z', 'x', 'y'].map((id, i) => [id, { rank: `${[3, 1, 2][i]}` }]),
    );
    expect(order).toHaveLength(3);
    expect(stage.logged.filter((line) => line.includes('the option compares threw'))).toHaveLength(1);
  });
});

it('calls that wait are processed by their priority on all replicas alike, although the primary dies when half of them are', async () => {
  stage = new Stage(memoryCoordinator(), {
    ...{ ordering: 'priority', priorityKey: 'x-priority', ageingMs: 3_600_000, leaseMs: SHORT_LEASE_MS },
  });
  const nodes = (await stage.startGroup(3)) as [Node, Node, Node];
  const [primary, ...others] = nodes;
  await stage.until(() => primary.status.inSync.length === 3);
  const held = new Map<string, () => void>();
  const { Add } = primary.counter.handlers;
  primary.counter.handlers.Add = (call, callback) => {
    if (call.request.id === 'first' || call.request.id === '50') held.set(call.request.id, () => Add(call, callback));
    else Add(call, callback);
  };
  primary.server.removeService(counterService);
  primary.server.addService(counterService, primary.counter.handlers);
  const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters', ordering: 'priority' } }] };
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const client = new Client(target, credentials.createInsecure(), replicated({ serviceConfig, logger: stage.logger }));
  const add = (id: string, priority: number): Promise<unknown> => {
    const { path, requestSerialize, responseDeserialize } = counterService.Add;
    const metadata = new Metadata();
    metadata.set('x-priority', `${priority}`);
    return new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, metadata, (error, value) =>
        error === null ? resolve(value) : reject(error),
      ),
    );
  };
  const first = add('first', 1_000);
  await stage.until(() => held.has('first'));
  const ids = Array.from({ length: CALLS }, (_, i) => ({ id: `${i}`, priority: (i * 37) % CALLS }));
  const answers = ids.map(({ id, priority }) => add(id, priority));
  await stage.until(() => nodes.every(({ status }) => status.unordered >= CALLS));
  held.get('first')?.();
  await stage.until(() => held.has('50'));
  primary.crash();
  expect(await Promise.all([first, ...answers])).toHaveLength(CALLS + 1);
  await stage.until(() => others.every(({ counter }) => counter.ids.length === CALLS + 1));
  const byPriority = ids.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id);
  for (const { counter } of others) expect(counter.ids).toEqual(['first', ...byPriority]);
  await understudyClient(client).close();
});

describe('a call that the application does not admit', () => {
  it('waits until a kick, and others are processed meanwhile', async () => {
    let isOpen = false;
    stage = new Stage(memoryCoordinator(), { ordering: 'resource' });
    const node = await stage.start('r1', { admits: ({ metadata }) => isOpen || metadata.get('user')[0] !== 'guest' });
    const guest = node.call('Add', { id: 'guest', by: 1 }, { user: 'guest' });
    await stage.until(() => node.status.unordered === 1);
    expect(await node.add('other', 1)).toMatchObject({ error: null, value: 1 });
    isOpen = true;
    node.replica.kick();
    expect(await guest).toMatchObject({ error: null, value: 2 });
  });
});

describe('a criterion that asks the application', () => {
  it.each([
    ['resource', 'admits'],
    ['custom', 'compares'],
  ])('%s is refused without the option %s', async (ordering, option) => {
    stage = new Stage(memoryCoordinator(), { ordering });
    await expect(stage.bind('r1')).rejects.toThrow(
      `UNDERSTUDY_SETUP: ordering is "${ordering}", which needs the option ${option} of createReplica`,
    );
  });
});
