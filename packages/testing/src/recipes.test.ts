import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServiceDefinition, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ReplicaServer } from '@understudy/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestCall } from './calls/make-call.js';
import { checkDeterminism } from './determinism/check-determinism.js';
import { inProcessGroup } from './group/in-process-group.js';
import type { TestedService } from './service.js';
import { unaryMethod } from './testing/inventory.js';

/** The recipes of the page, by name. */
const page = readFileSync(join(import.meta.dirname, '../../docs/handlers.md'), 'utf8');
const recipes = new Map(
  [...page.matchAll(/```js\n\/\/ recipe: (\w+)\n(.*?)```/gs)].map(([, name, code]) => [name, code]),
);

const directory = mkdtempSync(join(tmpdir(), 'understudy-recipes-'));
const path = join(directory, 'orders.json');
const queries: unknown[][] = [];
const db = { query: async (_sql: string, values: unknown[]) => void queries.push(values) };
let rateServer: Server;
let rateCalls = 0;

beforeAll(async () => {
  rateServer = createServer((_request, response) => response.end(JSON.stringify({ rate: ++rateCalls })));
  await new Promise<void>((resolve) => rateServer.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  rateServer.close();
  rmSync(directory, { recursive: true });
});

const EMPTY = {
  ...{ orders: {}, notes: [], cache: {}, sent: {}, ticks: 0, closed: '', books: [], rates: {}, paid: 0, decks: [] },
  owner: null,
};
const NAMES = ['state', 'handlers', 'replica', 'status', 'waiting', 'rates', 'db', 'path', 'writeFile'] as const;

/** A service of one recipe, whose long times are shortened. */
function serviceOf(name: string, replica: ReplicaServer): TestedService {
  const state = structuredClone(EMPTY);
  const handlers: UntypedServiceImplementation = {};
  const waiting: unknown[] = [];
  const rates = `http://127.0.0.1:${(rateServer.address() as AddressInfo).port}`;
  const code = (recipes.get(name) ?? '').replace(/\b(?:300|60)_000\b(?=, '(?:expire|cron)')/, '15');
  const cook = new Function(...NAMES, `'use strict';\n${code}`);
  const given: Record<(typeof NAMES)[number], unknown> = {
    ...{ state, handlers, replica, status, waiting, rates, db, path, writeFile },
  };
  cook(...NAMES.map((each) => given[each]));
  const methods = Object.keys(handlers).concat('show');
  const service: ServiceDefinition = Object.fromEntries(
    methods.map((method) => [method, unaryMethod(`/test.v1.Recipe/${method}`)]),
  );
  handlers.show = (_call: unknown, reply: (error: null, value: unknown) => void) => reply(null, state);
  return {
    state: {
      checkpoint: () => Buffer.from(JSON.stringify(state)),
      restore: (bytes) => {
        Object.assign(state, JSON.parse(Buffer.from(bytes).toString()));
        waiting.length = 0;
      },
    },
    addTo: (server) => server.addService(service, handlers),
  };
}

/** Waits until the state fulfils a condition, as a caller sees it. */
async function shown(group: Awaited<ReturnType<typeof inProcessGroup>>, holds: (state: typeof EMPTY) => boolean) {
  for (;;) {
    const { reply } = await group.call('show');
    if (holds(reply as typeof EMPTY)) return;
  }
}

const CALLS: Readonly<Record<string, readonly TestCall[]>> = {
  ids: [{ method: 'order', request: { item: 'pear' } }],
  timestamps: [{ method: 'note', request: { text: 'milk' } }],
  cache: [1, 2, 3].map((value) => ({ method: 'put', request: { key: 'a', value } })),
  limiter: [1, 2, 3].map(() => ({ method: 'send', request: { user: 'alice' } })),
  cron: [{ method: 'show' }, { method: 'show' }],
  http: [1, 2].map((cents) => ({ method: 'convert', request: { currency: 'eur', cents } })),
  database: [5, 6].map((cents) => ({ method: 'pay', request: { cents } })),
  file: [{ method: 'export', request: {} }],
  shuffle: [{ method: 'deal', request: { cards: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }],
};

describe('the recipes', () => {
  it('are ten', () => {
    expect([...recipes.keys()]).toEqual([...Object.keys(CALLS), 'lock']);
  });

  it.each(Object.keys(CALLS))('come to the same on every replica: %s', async (name) => {
    await checkDeterminism((replica) => serviceOf(name, replica), [...(CALLS[name] ?? []), { method: 'show' }]);
  });

  it('have effects once: the rate, the row and the file', () => {
    expect(rateCalls).toBe(2);
    expect(queries.map(([, row]) => (row as { cents: number }).cents)).toEqual([5, 6]);
    expect(new Set(queries.map(([key]) => key)).size).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe('{}');
  });

  it.each([
    ['cache', [{ method: 'put', request: { key: 'a', value: 1 } }], ({ cache }) => Object.keys(cache).length === 0],
    ['cron', [], ({ ticks, books }) => ticks > 2 && books.length > 0],
  ] as const satisfies readonly (readonly [string, readonly TestCall[], (state: typeof EMPTY) => boolean])[])(
    'go on by themselves, also after the death of the primary: %s',
    async (name, calls, holds) => {
      const group = await inProcessGroup((replica) => serviceOf(name, replica));
      for (const { method, request } of calls) await group.call(method, request);
      await group.killPrimary();
      await shown(group, holds);
      await group.settled();
      await group.close();
    },
  );

  it('limit rates with an error that is the same everywhere', async () => {
    const group = await inProcessGroup((replica) => serviceOf('limiter', replica), { replicas: 2 });
    const codes: number[] = [];
    for (let i = 0; i < 4; i++) codes.push((await group.call('send', { user: 'alice' })).code);
    // A minute may end meanwhile.
    expect(codes.slice(0, 2)).toEqual([0, 0]);
    await group.settled();
    await group.close();
  });

  it('hand a lock from one to the next, also across the death of the primary', async () => {
    const methods = [{ name: [{ service: 'test.v1.Recipe', method: 'lock' }], waitsForOthers: true }];
    const group = await inProcessGroup((replica) => serviceOf('lock', replica), { settings: { methods } });
    expect((await group.call('lock', { owner: 'alice' })).code).toBe(0);
    const waiting = group.call('lock', { owner: 'bob' });
    await shown(group, ({ owner }) => owner === ('alice' as unknown));
    await group.killPrimary();
    expect((await group.call('unlock', { owner: 'bob' })).code).toBe(status.FAILED_PRECONDITION);
    expect((await group.call('unlock', { owner: 'alice' })).code).toBe(0);
    expect((await waiting).code).toBe(0);
    expect((await group.call('unlock', { owner: 'bob' })).code).toBe(0);
    await group.settled();
    await group.close();
  });
});
