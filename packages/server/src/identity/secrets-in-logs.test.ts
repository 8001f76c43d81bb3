import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { HostilePeer } from '../testing/links/hostile-peer.js';
import { type Node, Stage } from '../testing/stage.js';

const groupSecret = 'a secret that only the tests know';
/** So long that no busy machine ends it before the primary dies. */
const LEASE_MS = 2000;
const WRONG = 'a secret that somebody guessed';

let stage: Stage;
afterEach(() => stage.end());

/** A text as it could stand in a log. */
const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString('hex'), bytes.toString('base64'), JSON.stringify([...bytes]).slice(1, -1)];
};

it('no log line tells the secret of the record, from which randomness follows, or that of the replicas', async () => {
  stage = new Stage(memoryCoordinator(), { leaseMs: LEASE_MS });
  const nodes: Node[] = [];
  for (const id of ['r1', 'r2', 'r3']) nodes.push(await stage.start(id, { groupSecret }));
  const [primary, odd, third] = nodes as [Node, Node, Node];
  await stage.until(() => primary.status.inSync.length === 3);
  const record = await stage.coordinator('counters').read();

  // Much is logged: a session, a stranger, a replica that differs and comes back, a change of primary, a joiner.
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const { serviceConfig, logger } = stage;
  const client = new Client(target, credentials.createInsecure(), replicated({ serviceConfig, logger }));
  const add = (id: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = counterService.Add;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
        error === null ? resolve(value) : reject(error),
      );
    });
  await add('a');
  const stranger = new HostilePeer({ address: primary.address, serviceConfig });
  void stranger.prove(WRONG);
  await stranger.stream.ended;
  odd.counter.mark = 1;
  await add('b');
  await stage.until(() => stage.logged.some((line) => line.includes('UNDERSTUDY_DIVERGED')));
  odd.counter.mark = 0;
  await stage.until(() => primary.status.inSync.length === 3);
  primary.crash();
  await stage.until(() => [odd, third].some(({ status }) => status.role === 'primary'));
  await add('c');
  await stage.start('r4', { groupSecret });
  await understudyClient(client).close();

  const levels = new Set(stage.logged.map((line) => line.split(' ')[0]));
  expect([...levels]).toEqual(expect.arrayContaining(['debug', 'info', 'warn', 'error']));
  const told = [...stage.logged, ...stage.nodes.map(({ status }) => JSON.stringify(status))];
  expect(record?.secret.length).toBeGreaterThan(20);
  for (const secret of [record?.secret ?? '', groupSecret, WRONG])
    for (const form of formsOf(secret)) expect(told.filter((line) => line.includes(form))).toEqual([]);
});
