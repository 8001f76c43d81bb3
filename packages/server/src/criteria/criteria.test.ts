import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReplicaServerOptions } from '../replica/options.js';
import { type Added, counterService } from '../testing/counter.js';
import { WaitingGroup, type WaitingGroupOptions } from '../testing/criteria/waiting-group.js';
import { type Node, Stage } from '../testing/stage.js';
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
  { ordering: 'reception', expected: made },
])('a hundred calls that wait, with the criterion $ordering', ({ ordering, expected }) => {
  it('are processed as it says on all replicas alike, although the primary dies when half of them are', async () => {
    const compares = (a: QueuedCall, b: QueuedCall): number =>
      Number(a.metadata.get('x-rank')[0]) - Number(b.metadata.get('x-rank')[0]);
    const criteria: Record<string, WaitingGroupOptions['options']> = {
      custom: () => ({ compares }),
      // The state of the service says which call may run: the first one, then the one whose rank is next.
      resource: (counter) => ({
        admits: ({ metadata }) => Number(metadata.get('x-rank')[0]) === (counter().ids.length || CALLS + 1) - 1,
      }),
    };
    const group = new WaitingGroup(
      memoryCoordinator(),
      replicated,
      { ordering, priorityKey: 'x-rank', ageingMs: 3_600_000 },
      { ...(criteria[ordering] && { options: criteria[ordering] }), stopsAt: (id) => id === expected[CALLS / 2]?.id },
    );
    stage = group.stage;
    await group.start({ rank: CALLS });
    const client = group.connect();
    const answers = made.map((wanted) => group.call(client, wanted));
    await group.allWait(CALLS);
    const ids = expected.map(({ id }) => id);
    expect(await group.process(answers)).toEqual([ids, ids]);
    await Promise.all(group.clients.map((one) => understudyClient(one).close()));
  });
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
