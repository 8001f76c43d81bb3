import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { Term } from '@understudy/core';
import { NO_SEQ, NO_TERM, type ReplyFrame } from '@understudy/core/internal';
import { connectionOf, decodeReplyFrame, encodeSessionFrame, SECRET_BYTES } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { RawStream } from '../testing/links/raw-stream.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const SECRET = Buffer.alloc(SECRET_BYTES, 1);

let stage: Stage;
const clients: Client[] = [];
const streams: RawStream[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  for (const stream of streams.splice(0)) stream.close();
  await stage.end();
});

const READ_ONLY = [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true }];

/** A client that was given settings of methods of its own. */
function clientOf(nodes: readonly Node[], carrier: 'stream' | 'rpc', methods: readonly object[]): Client {
  const settings = { group: 'counters', leaseMs: SHORT_LEASE_MS, carrier, methods };
  const serviceConfig = { loadBalancingConfig: [{ understudy: settings }] };
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const options = replicated({ serviceConfig, logger: stage.logger });
  const client = new Client(target, credentials.createInsecure(), options);
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

const warnings = () => stage.logged.filter((line) => line.includes("this client's settings differ"));

describe.each(['stream', 'rpc'] as const)('a client whose own settings are others than the group’s (%s)', (carrier) => {
  it('has a method ordered that it takes for read-only, so that no failover loses the call', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS, methods: READ_ONLY });
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    const client = clientOf([primary, backup], carrier, [
      { name: [{ service: 'test.Counter', method: 'Add' }], readOnly: true },
    ]);
    expect(await add(client, 'a')).toBe(1);
    await stage.until(() => backup.status.processedUpTo === 1);
    expect(backup.counter.ids).toEqual(['a']);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('test.Counter/Add, test.Counter/Get');

    primary.crash();
    await stage.until(() => backup.status.role === 'primary');
    expect(await add(client, 'b')).toBe(2);
  });

  it('gets the reply of a method that it takes for one-way', async () => {
    stage = new Stage(memoryCoordinator(), { methods: READ_ONLY });
    const [primary] = (await stage.startGroup(1)) as [Node];
    const client = clientOf([primary], carrier, [{ name: [{ service: 'test.Counter', method: 'Add' }], oneWay: true }]);
    expect(await add(client, 'a')).toBe(1);
  });
});

it('a client learns the settings of its group once, not with each session', async () => {
  stage = new Stage(memoryCoordinator(), { methods: READ_ONLY });
  const [primary] = (await stage.startGroup(1)) as [Node];
  const client = clientOf([primary], 'stream', []);
  await add(client, 'a');
  await stage.until(() => understudyClient(client).status().connection === undefined);
  await add(client, 'b');
  expect(warnings()).toHaveLength(1);
});

it('a client that already has the settings of its group is sent none', async () => {
  stage = new Stage(memoryCoordinator(), { methods: READ_ONLY });
  const [primary] = (await stage.startGroup(1)) as [Node];
  const client = clientOf([primary], 'stream', READ_ONLY);
  await add(client, 'a');
  expect(warnings()).toEqual([]);
});

it('a frame that calls a method a read although it changes state executes nothing', async () => {
  stage = new Stage(memoryCoordinator(), { methods: READ_ONLY });
  const [primary] = (await stage.startGroup(1)) as [Node];
  const stream = new RawStream(primary.address, '/understudy.v1.Multicast/Connect').listen();
  streams.push(stream);
  const connection = connectionOf(SECRET);
  const hello = { connection, fresh: true, term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 1, settings: 0 };
  stream.send(encodeSessionFrame({ kind: 'hello', group: 'counters', ...hello }, SECRET));
  const { path, requestSerialize } = counterService.Add;
  const request = { method: path, message: requestSerialize({ id: 'a', by: 1 }) };
  const header = { term: 1 as Term, sentAtMs: 2, repliesSeenUpTo: NO_SEQ, destOrderInfo: [], closing: false };
  const reads = [{ readId: 1, request }];
  stream.send(encodeSessionFrame({ kind: 'multicast', header, requests: [], reads, streams: [] }, SECRET));
  for (let frame: ReplyFrame | undefined; ; ) {
    frame = decodeReplyFrame(await stream.next());
    if (frame.kind !== 'replies' || frame.reads.length === 0) continue;
    expect(frame.reads).toEqual([{ readId: 1, outcome: { kind: 'voided' }, stable: true }]);
    break;
  }
  expect(primary.counter.ids).toEqual([]);
});
