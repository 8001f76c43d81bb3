import { Client, credentials, Metadata, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReplicaServerOptions } from '../replica/options.js';
import { type Added, counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';
import type { QueuedCall } from './criteria.js';

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

/** What a call carries by which a criterion may choose it. */
interface Wanted {
  readonly id: string;
  /** No two calls have the same, and it has nothing to do with when they came. */
  readonly rank: number;
}

const made = Array.from({ length: CALLS }, (_, i): Wanted => ({ id: `${i}`, rank: (i * 37) % CALLS }));
const byRank = made.toSorted((a, b) => a.rank - b.rank);

describe.each([
  { ordering: 'priority', expected: byRank.toReversed() },
  { ordering: 'deadline', expected: byRank },
  { ordering: 'custom', expected: byRank },
  { ordering: 'resource', expected: byRank },
  { ordering: 'sequence', expected: made },
  { ordering: 'fair', expected: made },
  { ordering: 'reception', expected: made },
])('a hundred calls that wait, with the criterion $ordering', ({ ordering, expected }) => {
  it('are processed as it says on all replicas alike, although the primary dies when half of them are', async () => {
    const lease = { leaseMs: SHORT_LEASE_MS };
    stage = new Stage(memoryCoordinator(), { ordering, priorityKey: 'x-rank', ageingMs: 3_600_000, ...lease });
    const compares = (a: QueuedCall, b: QueuedCall): number =>
      Number(a.metadata.get('x-rank')[0]) - Number(b.metadata.get('x-rank')[0]);
    const nodes: Node[] = [];
    for (const id of ['r1', 'r2', 'r3']) {
      const processed = (): number => node.counter.ids.length;
      const criteria: Record<string, Partial<ReplicaServerOptions>> = {
        custom: { compares },
        // The state of the service says which call may run: the first one, then the one whose rank is next.
        resource: { admits: ({ metadata }) => Number(metadata.get('x-rank')[0]) === (processed() || CALLS + 1) - 1 },
      };
      const node = await stage.bind(id, criteria[ordering] ?? {});
      nodes.push(node);
      if (id === 'r1') holdAt(node, ['first', expected[CALLS / 2]?.id ?? '']);
      await node.start();
    }
    const [primary, ...others] = nodes as [Node, Node, Node];
    await stage.until(() => primary.status.inSync.length === 3);
    const client = connect(nodes);
    const first = add(client, { id: 'first', rank: CALLS });
    await stage.until(() => held.length === 1);
    const answers = made.map((wanted) => add(client, wanted));
    await stage.until(() => nodes.every(({ status }) => status.unordered >= CALLS));
    held[0]?.();
    await stage.until(() => held.length === 2);
    primary.crash();
    expect(await Promise.all([first, ...answers])).toHaveLength(CALLS + 1);
    await stage.until(() => others.every(({ counter }) => counter.ids.length === CALLS + 1));
    const ids = ['first', ...expected.map(({ id }) => id)];
    for (const { counter } of others) expect(counter.ids).toEqual(ids);
    await understudyClient(client).close();
  });

  let held: (() => void)[] = [];
  beforeEach(() => {
    held = [];
  });

  /** Has a replica wait in the handlers of these calls. */
  function holdAt({ counter, server }: Node, ids: readonly string[]): void {
    const { Add } = counter.handlers;
    server.removeService(counterService);
    server.addService(counterService, {
      ...counter.handlers,
      Add: (call: ServerUnaryCall<Added, number>, callback: sendUnaryData<number>) => {
        if (ids.includes(call.request.id)) held.push(() => Add(call, callback));
        else Add(call, callback);
      },
    });
  }
});

function connect(nodes: readonly Node[]): Client {
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters' } }] };
  return new Client(target, credentials.createInsecure(), replicated({ serviceConfig, logger: stage.logger }));
}

function add(client: Client, { id, rank }: Wanted): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  const metadata = new Metadata();
  metadata.set('x-rank', `${rank}`);
  const options = { deadline: Date.now() + 200_000 + 1_000 * rank };
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { id, by: 1 },
      metadata,
      options,
      (error, value) => (error === null ? resolve(value) : reject(error)),
    ),
  );
}

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
