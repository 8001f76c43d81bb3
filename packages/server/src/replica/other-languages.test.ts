import { readFileSync } from 'node:fs';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { SHORT_LEASE_MS, Stage } from '../testing/stage.js';

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
