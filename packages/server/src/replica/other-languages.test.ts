import { readFileSync } from 'node:fs';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const PAGE = new URL('../../../docs/other-languages.md', import.meta.url);

/** The service config that the page shows, for the service of these tests. */
function serviceConfigOfThePage(): string {
  const block = /```json\n([\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
  return JSON.stringify(JSON.parse(block)).replaceAll('bank.v1.Bank', 'test.Counter');
}

it('the service config for clients in other languages follows the primary, and keys keep retries from counting twice', async () => {
  const stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
  const nodes = await stage.startGroup(3);
  await stage.until(() => nodes[0]?.status.inSync.length === 3);
  const client = new Client(`ipv4:${nodes.map(({ address }) => address).join()}`, credentials.createInsecure(), {
    'grpc.service_config': serviceConfigOfThePage(),
    'grpc.initial_reconnect_backoff_ms': 50,
  });
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  const add = (key: string): Promise<number | undefined> => {
    const metadata = new Metadata();
    metadata.set('idempotency-key', key);
    return new Promise((resolve) =>
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { id: key, by: 1 },
        metadata,
        (error, value) => resolve(error === null ? (value as number) : undefined),
      ),
    );
  };
  try {
    for (let i = 1; i <= 20; i++) {
      let value: number | undefined;
      while (value === undefined) value = await add(`call ${i}`);
      expect(value).toBe(i);
      if (i === 10) nodes.find(({ status }) => status.role === 'primary')?.crash();
    }
  } finally {
    client.close();
    await stage.end();
  }
}, 60_000);

/** Uses up all attempts that gRPC allows within a few milliseconds, unless it is told to wait. */
const HASTY = JSON.stringify({
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{ service: 'test.Counter' }],
      retryPolicy: {
        ...{ maxAttempts: 5, initialBackoff: '0.001s', maxBackoff: '0.001s', backoffMultiplier: 1 },
        retryableStatusCodes: ['ABORTED'],
      },
    },
  ],
});

it('a backup that has lost the primary has gRPC wait before each next attempt, so that the attempts outlast a failover', async () => {
  const LEASE_MS = 1000;
  const stage = new Stage(memoryCoordinator(), { leaseMs: LEASE_MS });
  const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
  await stage.until(() => primary.status.inSync.length === 2);
  const pushback = async (attemptsBefore = '0') => {
    const { error } = await backup.call(
      'Add',
      { id: 'refused', by: 1 },
      { 'grpc-previous-rpc-attempts': attemptsBefore },
    );
    return error?.metadata.get('grpc-retry-pushback-ms')[0];
  };
  const client = new Client(backup.address, credentials.createInsecure(), { 'grpc.service_config': HASTY });
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  const add = (id: string) =>
    new Promise<unknown>((resolve) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
        resolve(error?.details ?? value),
      ),
    );
  try {
    // A primary is there to be asked at once.
    expect(await pushback()).toBeUndefined();
    expect(await add('too early')).toContain('UNDERSTUDY_NOT_PRIMARY');
    primary.crash();
    while ((await pushback()) !== String(LEASE_MS / 2)) expect(backup.status.role).toBe('backup');
    // Twice as long after each attempt, of which there are five at most, whatever a client says.
    expect(await Promise.all(['1', '2', '4', '99', 'x'].map((before) => pushback(before)))).toEqual(
      [1, 2, 8, 8, 0.5].map((leases) => String(leases * LEASE_MS)),
    );
    expect(await add('in time')).toBe(1);
    expect(backup.counter.ids).toEqual(['in time']);
  } finally {
    client.close();
    await stage.end();
  }
});
