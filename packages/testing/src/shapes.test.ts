import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { sendUnaryData } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inProcessGroup, type TestGroup } from './index.js';
import type { TestedService } from './service.js';
import { unaryMethod } from './testing/inventory.js';

/** Services as online shops have them: without state of their own, with a table in a file, random ids and a logger. */

const directory = mkdtempSync(join(tmpdir(), 'understudy-shapes-'));
const rates = join(directory, 'rates.json');
const require = createRequire(import.meta.url);

beforeAll(() => writeFileSync(rates, JSON.stringify({ EUR: '1.0', USD: '1.1305', JPY: '126.40' })));
afterAll(() => rmSync(directory, { recursive: true }));

interface Money {
  readonly code: string;
  readonly units: number;
}

interface Call<Request> {
  readonly request: Request;
}

type Conversion = Money & { readonly to: string };

const convert = ({ code, units, to }: Conversion): Money => {
  const table = require(rates) as Record<string, string>;
  return { code: to, units: Math.floor((units / Number(table[code])) * Number(table[to]) * 100) / 100 };
};

const currencyService = (): TestedService => ({
  state: 'none',
  addTo: (server) =>
    server.addService(
      { convert: unaryMethod('/shop.v1.Currency/Convert') },
      { convert: ({ request }: Call<Conversion>, done: sendUnaryData<Money>) => done(null, convert(request)) },
    ),
});

/** Fails as services do that throw what is no status: with a code that gRPC does not have. */
class CardError extends Error {
  readonly code = 400;
}

const paymentService = (log: (line: string) => void) => (): TestedService => ({
  state: 'none',
  addTo: (server) =>
    server.addService(
      { charge: unaryMethod('/shop.v1.Payment/Charge') },
      {
        charge: ({ request }: Call<Money>, done: sendUnaryData<{ id: string }>) => {
          log(`charge ${request.units} ${request.code} in ${new Date().getFullYear()}`);
          if (request.units === 0) return done(new CardError('Credit card info is invalid'));
          done(null, { id: crypto.randomUUID() });
        },
      },
    ),
});

/** Makes calls a few at a time, kills the primary after a third of them, and has it rejoin. */
async function callThroughKill(group: TestGroup, method: string, requests: readonly object[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (let from = 0; from < requests.length; from += 10) {
    const calls = requests.slice(from, from + 10).map((request) => group.call(method, request));
    if (from === Math.floor(requests.length / 30) * 10) {
      await group.killPrimary();
      await group.rejoin();
    }
    outcomes.push(...(await Promise.all(calls)));
  }
  await group.settled();
  return outcomes;
}

describe('a service without state', () => {
  it('that reads a table from a file answers as it does unreplicated, though its primary dies', async () => {
    const group = await inProcessGroup(currencyService);
    const requests = Array.from({ length: 90 }, (_, units) => ({ code: units % 2 ? 'USD' : 'EUR', units, to: 'JPY' }));
    const outcomes = await callThroughKill(group, 'Convert', requests);
    expect(outcomes).toMatchObject(requests.map((request) => ({ reply: convert(request) })));
    expect(group.divergences).toEqual([]);
    await group.close();
  });

  it('that answers with random ids gives each call one id, the same on all replicas, and logs', async () => {
    const lines: string[] = [];
    const group = await inProcessGroup(paymentService((line) => lines.push(line)));
    const requests = Array.from({ length: 90 }, (_, i) => ({ code: 'USD', units: i % 10 }));
    const outcomes = (await callThroughKill(group, 'Charge', requests)) as { reply?: { id: string } }[];
    expect(new Set(outcomes.map(({ reply }) => reply?.id).filter(Boolean)).size).toBe(81);
    expect(group.divergences).toEqual([]);
    expect(lines.length).toBeGreaterThanOrEqual(180);
    await group.close();
  });
});
