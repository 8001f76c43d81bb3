import {
  Client,
  credentials,
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  status as Status,
} from '@grpc/grpc-js';
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

const READS = [
  { service: 'test.Counter', method: 'Get' },
  { service: 'test.Counter', method: 'Blob' },
];
const METHODS = [{ name: READS, readOnly: true, readFrom: 'backup' }];

/** Three replicas that count the reads that each of them runs, and a client. */
async function start(
  carrier: 'stream' | 'rpc',
  settings: Record<string, unknown> = {},
  users: readonly ServerInterceptor[] = [],
) {
  stage = new Stage(memoryCoordinator(), { methods: METHODS, ...settings }, users);
  const nodes: Node[] = [];
  const reads = new Map<Node, number>();
  for (const id of ['r1', 'r2', 'r3']) {
    const node = await stage.bind(id);
    const { counter, server } = node;
    const { Get, Blob } = counter.handlers;
    const counted = (): void => void reads.set(node, (reads.get(node) ?? 0) + 1);
    counter.handlers.Get = (...call) => {
      counted();
      Get(...call);
    };
    counter.handlers.Blob = (...call) => {
      counted();
      Blob(...call);
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
function ask(
  client: Client,
  name: keyof typeof counterService,
  request: unknown,
): Promise<{ value: unknown; orderNum: string }> {
  const { path, requestSerialize, responseDeserialize } = counterService[name];
  return new Promise((resolve, reject) => {
    let value: unknown;
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, reply) => {
      if (error !== null) reject(error);
      else value = reply;
    });
    call.on('status', ({ metadata }: { metadata: Metadata }) =>
      resolve({ value, orderNum: metadata.get('understudy-order-num').map(String).join() }),
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

  it('see all that their client wrote before, also while the primary dies and another one serves', async () => {
    const { nodes, reads, client } = await start(carrier, { leaseMs: SHORT_LEASE_MS });
    const [primary, ...backups] = nodes as [Node, Node, Node];
    for (let i = 1; i <= 60; i++) {
      const written = ask(client, 'Add', { id: `a${i}`, by: 1 });
      if (i === 20) primary.crash();
      await written;
      expect((await ask(client, 'Get', {})).value).toBe(i);
    }
    const next = backups.find(({ status }) => status.role === 'primary');
    const backup = backups.find((node) => node !== next) as Node;
    await stage.until(() => next?.status.inSync.length === 2);
    const before = reads.get(backup) ?? 0;
    for (let i = 61; i <= 70; i++) {
      await ask(client, 'Add', { id: `a${i}`, by: 1 });
      expect((await ask(client, 'Get', {})).value).toBe(i);
    }
    expect(reads.get(backup)).toBeGreaterThan(before);
    await stage.until(() => backup.counter.ids.length >= 70);
    expect(backup.counter.ids).toEqual(Array.from({ length: 70 }, (_, i) => `a${i + 1}`));
  });

  it('all get their large answers, although there are more of them than a link takes at a time', async () => {
    const { nodes, reads, client } = await start(carrier);
    await ask(client, 'Add', { id: 'a', by: 1 });
    const sizes = [...Array.from({ length: 40 }, (_, i) => 100_000 + i), 3_000_000];
    const answers = await Promise.all(sizes.map((size) => ask(client, 'Blob', size)));
    expect(answers.map(({ value }) => String(value).length)).toEqual(sizes);
    expect(answers.every(({ orderNum }) => Number(orderNum) > 0)).toBe(true);
    expect(reads.get(nodes[0] as Node)).toBeUndefined();
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

describe('reads of a client without our interceptor', () => {
  it('are answered by the called backup, which says what order the answer reflects', async () => {
    const { nodes, reads, client } = await start('stream');
    const [primary, ...backups] = nodes as [Node, Node, Node];
    await ask(client, 'Add', { id: 'a', by: 3 });
    await stage.until(() => nodes.every(({ status }) => status.processedUpTo > 0 && status.stableUpTo > 0));
    for (const backup of backups) {
      const plain = new Client(backup.address, credentials.createInsecure());
      expect(await ask(plain, 'Get', {})).toEqual({ value: 3, orderNum: expect.stringMatching(/^[1-9]/) });
      expect(String((await ask(plain, 'Blob', 2_000_000)).value)).toHaveLength(2_000_000);
      expect(reads.get(backup)).toBe(2);
      plain.close();
    }
    const plain = new Client(primary.address, credentials.createInsecure());
    expect(await ask(plain, 'Get', {})).toEqual({ value: 3, orderNum: '' });
    plain.close();
  });

  it('pass the interceptors of that backup, and may be refused there', async () => {
    const { nodes } = await start('stream', {}, [
      (_method, call) =>
        new ServerInterceptingCall(call, {
          start: (next) =>
            next({
              onReceiveMetadata: (metadata, pass) => {
                if (metadata.get('token').length > 0) pass(metadata);
                else call.sendStatus({ code: Status.UNAUTHENTICATED, details: 'no token' });
              },
            }),
        }),
    ]);
    const [, backup] = nodes as [Node, Node];
    expect((await backup.call('Get', {})).error).toMatchObject({ code: Status.UNAUTHENTICATED });
    expect((await backup.call('Get', {}, { token: 'yes' })).value).toBe(0);
  });

  it('are refused with the address of the primary where the backup answers none, like every call that changes state', async () => {
    const { nodes, reads } = await start('stream');
    const [primary, backup] = nodes as [Node, Node];
    const { error } = await backup.add('a', 3);
    expect([error?.code, String(error?.metadata.get('understudy-primary')[0])]).toEqual([
      Status.ABORTED,
      primary.address,
    ]);
    await backup.replica.stop();
    expect((await backup.call('Get', {})).error).toMatchObject({ code: Status.ABORTED });
    expect(reads.get(backup)).toBeUndefined();
  });

  it('are the primary’s in a passive group', async () => {
    const { nodes } = await start('stream', { replication: 'passive' });
    const [primary, backup] = nodes as [Node, Node];
    expect((await backup.call('Get', {})).error).toMatchObject({ code: Status.ABORTED });
    expect((await primary.call('Get', {})).value).toBe(0);
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
