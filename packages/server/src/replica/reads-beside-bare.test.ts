import { Client, credentials, Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

const READS = 20;
const READ_MS = 200;
const FACTOR = 1.5;
/** A machine that is busy with others slows down either side at times, so the best of some rounds counts. */
const ROUNDS_MAX = 10;

const methods = [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true }];
/** A read that waits for a file, say. */
const Get = (_call: unknown, callback: sendUnaryData<number>): void =>
  void setTimeout(() => callback(null, 7), READ_MS);

let stage: Stage;
let bare: Server;
const clients: Client[] = [];
afterEach(async () => {
  const [ours, plain] = clients.splice(0);
  if (ours !== undefined) await understudyClient(ours).close();
  plain?.close();
  bare.forceShutdown();
  await stage.end();
});

/** @returns how long so many reads at once take, in milliseconds */
async function timed(client: Client): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = counterService.Get;
  const read = (): Promise<unknown> =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error, value) =>
        error === null ? resolve(value) : reject(error),
      ),
    );
  const beganMs = performance.now();
  expect(await Promise.all(Array.from({ length: READS }, read))).toEqual(new Array(READS).fill(7));
  return performance.now() - beganMs;
}

describe.each(['stream', 'rpc'] as const)('twenty reads that wait for something, with the carrier %s', (carrier) => {
  it('take no longer than half as long again as of a service that is not replicated', async () => {
    stage = new Stage(memoryCoordinator(), { methods });
    const nodes: Node[] = [];
    for (const id of ['r1', 'r2', 'r3']) {
      const node = await stage.bind(id);
      node.server.removeService(counterService);
      node.server.addService(counterService, { ...node.counter.handlers, Get });
      await node.start();
      nodes.push(node);
    }
    await stage.until(() => nodes[0]?.status.inSync.length === 3);
    bare = new Server();
    bare.addService(counterService, { ...nodes[0]?.counter.handlers, Get });
    const port = await new Promise<number>((resolve, reject) =>
      bare.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
    const { serviceConfig, logger } = stage;
    const ours = new Client(target, credentials.createInsecure(), replicated({ serviceConfig, logger, carrier }));
    const plain = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    clients.push(ours, plain);

    let [oursMs, bareMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < ROUNDS_MAX; round++) {
      bareMs = Math.min(bareMs, await timed(plain));
      oursMs = Math.min(oursMs, await timed(ours));
      if (oursMs <= FACTOR * bareMs) break;
    }
    expect(bareMs).toBeGreaterThanOrEqual(READ_MS - 5);
    expect(oursMs).toBeLessThanOrEqual(FACTOR * bareMs);
  });
});
