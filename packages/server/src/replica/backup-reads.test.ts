import { Client, credentials, type Metadata, type sendUnaryData } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
});

const METHODS = [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true, readFrom: 'backup' }];

/** Three replicas that count the reads that each of them runs, and a client. */
async function start(carrier: 'stream' | 'rpc', settings: Record<string, unknown> = {}) {
  stage = new Stage(memoryCoordinator(), { methods: METHODS, ...settings });
  const nodes: Node[] = [];
  const reads = new Map<Node, number>();
  for (const id of ['r1', 'r2', 'r3']) {
    const node = await stage.bind(id);
    const { counter, server } = node;
    counter.handlers.Get = (_call, callback: sendUnaryData<number>) => {
      reads.set(node, (reads.get(node) ?? 0) + 1);
      callback(null, counter.value);
    };
    server.removeService(counterService);
    server.addService(counterService, counter.handlers);
    await node.start();
    nodes.push(node);
    await stage.until(() => nodes.every(({ replica }) => replica.status.inSync.length === nodes.length));
  }
  const understudy = { group: 'counters', carrier, methods: METHODS, ...settings };
  const options = replicated({
    serviceConfig: { loadBalancingConfig: [{ understudy }] },
    logger: stage.logger,
  });
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const client = new Client(target, credentials.createInsecure(), options);
  clients.push(client);
  return { nodes, reads, client };
}

/** Makes a call. `orderNum` is the trailer by which a backup says what its answer reflects. */
function ask(client: Client, name: 'Add' | 'Get', request: unknown): Promise<{ value: number; orderNum: string }> {
  const { path, requestSerialize, responseDeserialize } = counterService[name];
  return new Promise((resolve, reject) => {
    let value: number | undefined;
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, reply) => {
      if (error !== null) reject(error);
      else value = reply as number;
    });
    call.on('status', ({ metadata }: { metadata: Metadata }) =>
      resolve({ value: value ?? Number.NaN, orderNum: metadata.get('understudy-order-num').map(String).join() }),
    );
  });
}

describe.each(['stream', 'rpc'] as const)('reads from backups (%s)', (carrier) => {
  it('run on the backups in turn, and see all that their client wrote before', async () => {
    const { nodes, reads, client } = await start(carrier);
    const answers: string[] = [];
    for (let i = 1; i <= 20; i++) {
      await ask(client, 'Add', { id: `a${i}`, by: 1 });
      const { value, orderNum } = await ask(client, 'Get', {});
      expect(value).toBe(i);
      answers.push(orderNum);
    }
    const [primary, ...backups] = nodes as [Node, Node, Node];
    expect(answers.filter((orderNum) => /^\d+$/.test(orderNum))).toHaveLength(20 - (reads.get(primary) ?? 0));
    for (const backup of backups) expect(reads.get(backup)).toBeGreaterThan(5);
  });

  it('are answered by the primary where no backup is left', async () => {
    const { nodes, reads, client } = await start(carrier);
    const [primary, ...backups] = nodes as [Node, Node, Node];
    await ask(client, 'Add', { id: 'a', by: 3 });
    for (const backup of backups) await backup.replica.stop();
    expect((await ask(client, 'Get', {})).value).toBe(3);
    expect(reads.get(primary)).toBe(1);
  });
});

describe('reads from backups', () => {
  it('are the primary’s in a passive group, whose backups run nothing', async () => {
    const { nodes, reads, client } = await start('stream', { replication: 'passive' });
    await ask(client, 'Add', { id: 'a', by: 3 });
    expect((await ask(client, 'Get', {})).value).toBe(3);
    expect(reads.get(nodes[0] as Node)).toBe(1);
  });
});
