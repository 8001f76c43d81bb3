import { Client, credentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { type Added, counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

const QUEUE = 50;
const URGENT = 10;

let stage: Stage;
afterEach(() => stage.end());

/** Two replicas of which the first one is processing a call that ends when the test says so. */
async function busyGroup(settings: object): Promise<{ nodes: Node[]; goOn: () => void }> {
  stage = new Stage(memoryCoordinator(), { queueMax: QUEUE, ...settings });
  const held: (() => void)[] = [];
  const nodes: Node[] = [];
  for (const id of ['r1', 'r2']) {
    const node = await stage.bind(id);
    const { Add } = node.counter.handlers;
    node.server.removeService(counterService);
    node.server.addService(counterService, {
      ...node.counter.handlers,
      Add: (call: ServerUnaryCall<Added, number>, callback: sendUnaryData<number>) => {
        if (call.request.id === 'first' && id === 'r1') held.push(() => Add(call, callback));
        else Add(call, callback);
      },
    });
    await node.start();
    nodes.push(node);
  }
  await stage.until(() => nodes[0]?.status.inSync.length === 2);
  void nodes[0]?.add('first', 1);
  await stage.until(() => held.length === 1);
  return { nodes, goOn: () => held[0]?.() };
}

function sessionOf(nodes: readonly Node[]): Client {
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters' } }] };
  return new Client(target, credentials.createInsecure(), replicated({ serviceConfig, logger: stage.logger }));
}

function add(client: Client, id: string): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
      error === null ? resolve(value) : reject(error),
    ),
  );
}

const idsOf = (count: number, name: string): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`);

describe('a full queue', () => {
  it('refuses the plain calls of the lowest priority at once, for later ones that go before them', async () => {
    const { nodes, goOn } = await busyGroup({ ordering: 'priority', priorityKey: 'x-priority', ageingMs: 3_600_000 });
    const [primary] = nodes as [Node, Node];
    const refused: string[] = [];
    const call = async (id: string, priority: string): Promise<void> => {
      const { error } = await primary.call('Add', { id, by: 1 }, { 'x-priority': priority });
      if (error === null) return;
      expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
      expect(error.details).toContain('UNDERSTUDY_OVERLOADED: as many requests as queueMax allows');
      expect(error.metadata.get('understudy-may-have-taken-effect')).toEqual(['false']);
      refused.push(id);
    };
    const low = idsOf(QUEUE, 'low');
    const waiting = low.map((id) => call(id, '1'));
    await stage.until(() => primary.status.unordered === QUEUE);
    await call('lowest', '0');
    expect(refused).toEqual(['lowest']);
    const urgent = idsOf(URGENT, 'urgent').map((id) => call(id, '2'));
    // No handler has ended: they are told while they wait.
    await stage.until(() => refused.length === URGENT + 1);
    expect(refused.slice(1).every((id) => low.includes(id))).toBe(true);
    goOn();
    await Promise.all([...waiting, ...urgent]);
    expect(refused).toHaveLength(URGENT + 1);
    await stage.until(() => nodes.every(({ counter }) => counter.ids.length === QUEUE + 1));
    for (const { counter } of nodes) {
      expect(counter.ids.slice(1, URGENT + 1).toSorted()).toEqual(idsOf(URGENT, 'urgent').toSorted());
      expect(counter.ids.filter((id) => refused.includes(id))).toEqual([]);
    }
    const [one, other] = nodes.map(({ counter }) => counter.ids);
    expect(other).toEqual(one);
  });

  it('refuses no call of a session, however low it ranks, and pauses the client', async () => {
    const { nodes, goOn } = await busyGroup({ ordering: 'priority', priorityKey: 'x-priority', ageingMs: 3_600_000 });
    const [primary] = nodes as [Node, Node];
    const client = sessionOf(nodes);
    const answers = idsOf(4 * QUEUE, 'session').map((id) => add(client, id));
    await stage.until(() => primary.status.unordered >= QUEUE);
    expect((await primary.call('Add', { id: 'plain', by: 1 }, { 'x-priority': '9' })).error?.code).toBe(
      status.RESOURCE_EXHAUSTED,
    );
    goOn();
    expect(await Promise.all(answers)).toHaveLength(4 * QUEUE);
    await understudyClient(client).close();
  });
});
