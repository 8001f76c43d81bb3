import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import type { Coordinator } from '@understudy/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Busy, busyService } from './testing/busy.js';
import { type BusyPrograms, BusyReplica, type BusySetup } from './testing/busy-replica.js';

// Runs what `npm run build` made.
const PROGRAMS: BusyPrograms = {
  replica: fileURLToPath(new URL('../../dist/liveness/testing/child-busy.js', import.meta.url)),
  coordinators: fileURLToPath(new URL('../../../coordinator-embedded/dist/index.js', import.meta.url)),
};
const NAMES = ['r1', 'r2', 'r3'];

const BY_MAIN_THREAD = /by the main thread/;
const ON_MAIN_LINK = /travel on the main link/;

let directory: string;
let replicas: BusyReplica[] = [];
let client: Client | undefined;
let coordinator: Coordinator | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'understudy-blocked-'));
});
afterEach(async () => {
  if (client !== undefined) await understudyClient(client).close();
  client = undefined;
  await coordinator?.close();
  coordinator = undefined;
  const running = replicas.filter(({ runs }) => runs);
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ child }) => once(child, 'exit')));
  replicas = [];
  await rm(directory, { recursive: true });
});

/** @param own what single replicas are set up with, besides what all are */
async function group(setup: BusySetup = {}, own: Readonly<Record<string, BusySetup>> = {}): Promise<Client> {
  for (const id of NAMES) {
    const replica = new BusyReplica(id, directory, PROGRAMS, { ...setup, ...own[id] });
    replicas.push(replica);
    await replica.started();
  }
  // Each knows of all before any is blocked, so that its status tells of changes alone.
  await Promise.all(
    replicas.map((replica) =>
      vi.waitFor(async () => expect((await replica.status()).inSync).toBe(NAMES.length), { timeout: 120_000 }),
    ),
  );
  const understudy = { group: 'counters', ...setup.settings };
  client = new Client(
    `understudy:///${replicas.map(({ port }) => `127.0.0.1:${port}`).join()}`,
    credentials.createInsecure(),
    replicated({ serviceConfig: { loadBalancingConfig: [{ understudy }] } }),
  );
  return client;
}

function call(of: Client, method: typeof counterService.Add, request: unknown): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) => {
    of.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, value) =>
      error === null ? resolve(value as number) : reject(error),
    );
  });
}

const block = (of: Client, busy: Busy): Promise<number> => call(of, busyService.Block, busy);

/** @returns a port of loopback that nobody else is given before long */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** Calls, each after the reply to the one before, until the others are answered. @returns how many there were */
async function callBeside(of: Client, others: Promise<unknown>): Promise<number> {
  let over = false;
  const ended = others.finally(() => {
    over = true;
  });
  let calls = 0;
  while (!over) expect(await call(of, counterService.Add, { id: `c${calls}`, by: 1 })).toBe(++calls);
  await ended;
  return calls;
}

/** What happens to the group from now on: changes of its record, and what replicas log of roles and of each other. */
async function watchGroup(): Promise<{ readonly seen: readonly string[]; end(): Promise<void> }> {
  const seen: string[] = [];
  const record = embeddedCoordinator(directory)('counters');
  coordinator = record;
  const first = await record.read();
  const unwatch = record.watch(
    ({ epoch, term, inSync }) => {
      if (epoch !== first?.epoch) seen.push(`epoch ${epoch}, term ${term}, in sync ${inSync.map(({ id }) => id)}`);
    },
    (error) => seen.push(error.message),
  );
  const before = replicas.map(({ logged }) => logged.length);
  return {
    seen,
    async end() {
      // Whatever happened is in the record by now, and a watch may skip records.
      const last = await record.read();
      if (last?.epoch !== first?.epoch) seen.push(`epoch ${last?.epoch}`);
      for (const [i, { id, logged }] of replicas.entries()) {
        for (const { event, role, peer, reason } of logged.slice(before[i])) {
          if (event === 'role' || /silent; this/.test(String(event))) seen.push(`${id}: ${event} ${role}`);
          if (/removes a backup/.test(String(event))) seen.push(`${id}: ${event} ${peer}: ${reason}`);
        }
      }
      unwatch();
    },
  };
}

/** By hand for longer, and with the lease of the default: `BLOCKED_SECONDS=60 npx vitest run … -t 'at a rate'`. */
const BY_HAND = process.env.BLOCKED_SECONDS;
const SECONDS = Number(BY_HAND ?? 4);
/** Shorter than any block. No busy machine keeps a thread from running for so long. */
const RATE_LEASE_MS = 500;
const OFFERED_EVERY_MS = 10;
const FIRST_BLOCK_MS = 500;

/**
 * Offers light calls at a rate, whether or not those before are answered, and calls that block now and then.
 *
 * @returns how long each light call took, in milliseconds
 */
async function offerAtRate(of: Client, heavy: () => Promise<unknown>, heavyEveryMs: number): Promise<number[]> {
  const began = performance.now();
  const light: Promise<{ value: number; tookMs: number }>[] = [];
  const blocks: Promise<unknown>[] = [];
  const offerOne = async () => {
    const at = performance.now();
    const value = await call(of, counterService.Add, { id: `c${light.length}`, by: 1 });
    return { value, tookMs: performance.now() - at };
  };
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const sinceMs = Math.min(performance.now() - began, SECONDS * 1000);
      while (light.length < sinceMs / OFFERED_EVERY_MS) light.push(offerOne());
      while (blocks.length * heavyEveryMs + FIRST_BLOCK_MS <= sinceMs) blocks.push(heavy());
      if (sinceMs < SECONDS * 1000) return;
      clearInterval(timer);
      resolve();
    }, OFFERED_EVERY_MS);
  });
  await Promise.all(blocks);
  const ended = await Promise.all(light);
  // Each counts once.
  expect(ended.map(({ value }) => value).sort((a, b) => a - b)).toEqual(ended.map((_, i) => i + 1));
  return ended.map(({ tookMs }) => tookMs);
}

/** Tells figures where somebody measures. */
function report(what: string, tookMs: readonly number[]): void {
  if (BY_HAND === undefined) return;
  const sorted = [...tookMs].sort((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
  console.log(`${what}: ${sorted.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
}

describe('100 light calls a second, offered at a rate', () => {
  const leases = BY_HAND === undefined ? { leaseMs: RATE_LEASE_MS } : {};

  it.each([
    ['600 ms every 2 s', 600, 2_000, {}],
    ['600 ms every 2 s in a passive group', 600, 2_000, { replication: 'passive' }],
    ['600 ms every 2 s with acknowledged replies', 600, 2_000, { release: 'acknowledged' }],
    ['600 ms every 2 s with the carrier rpc', 600, 2_000, { carrier: 'rpc' }],
    ['2 s every 5 s', 2_000, 5_000, {}],
  ])(
    'are all answered beside a handler that blocks for %s, and nothing happens to the group',
    async (name, ms, everyMs, settings) => {
      const of = await group({ settings: { ...leases, ...settings } });
      await call(of, counterService.Get, {});
      const watched = await watchGroup();
      report(name, await offerAtRate(of, () => block(of, { ms }), everyMs));
      // What a block did to the group would be seen after the silence that it caused, and this call goes to everybody.
      await call(of, counterService.Get, {});
      await watched.end();
      expect(watched.seen).toEqual([]);
      for (const replica of replicas) expect(await replica.status()).toMatchObject({ term: 1, inSync: 3 });
    },
  );

  /** By hand with a heap of which a single collection takes so long. */
  const heapMb = BY_HAND === undefined ? 256 : 2_048;

  it.each(['r1', 'r2'])(
    'are all answered beside 1.5 s of garbage collection on %s, and nothing happens to the group',
    async (only) => {
      const execArgv = ['--expose-gc', `--max-old-space-size=${2 * heapMb}`];
      const of = await group({ settings: leases, execArgv }, { [only]: { heapMb } });
      await call(of, counterService.Get, {});
      const watched = await watchGroup();
      const collect = (): Promise<number> => call(of, busyService.Collect, { ms: 1_500, only });
      report(`collection on ${only}`, await offerAtRate(of, collect, 5_000));
      const collecting = replicas.find(({ id }) => id === only) as BusyReplica;
      const { collected } = collecting;
      // A backup collects after the reply.
      await collecting.until(() => collected.length > 0);
      expect(collected.reduce((sum, tookMs) => sum + tookMs, 0)).toBeGreaterThan(1_000);
      if (BY_HAND !== undefined) console.log(`collections on ${only}: ${collected} ms`);
      await call(of, counterService.Get, {});
      await watched.end();
      expect(watched.seen).toEqual([]);
      for (const replica of replicas) expect(await replica.status()).toMatchObject({ term: 1, inSync: 3 });
    },
  );
});

describe('a handler that blocks the event loop', () => {
  it.each([
    ['of all replicas for 600 ms, twice', [{ ms: 600 }, { ms: 600 }], {}],
    ['of all replicas for 2 s', [{ ms: 2000 }], {}],
    [
      'of a backup for 900 ms, with a secret',
      [{ ms: 900, only: 'r2' }],
      { groupSecret: 'a secret of all three replicas' },
    ],
  ] as const)('%s costs nobody anything but the wait', async (_name, blocks, options = {}) => {
    const of = await group({ options });
    const watched = await watchGroup();
    const blocked = (async () => {
      for (const busy of blocks) await block(of, busy);
    })();
    await callBeside(of, blocked);
    // A change of the set would come after the silence that caused it, and a call goes to everybody.
    await call(of, counterService.Get, {});
    for (const replica of replicas) expect(await replica.status()).toMatchObject({ term: 1, inSync: 3 });
    await watched.end();
    expect(watched.seen).toEqual([]);
  });

  it('for ever ends its process after stallMs, with a line that says what it did, and the others go on', async () => {
    const of = await group({ settings: { stallMs: 1500 } });
    const [primary] = replicas as [BusyReplica, BusyReplica, BusyReplica];
    const exited = once(primary.child, 'exit');
    const blocked = block(of, { ms: 1e9, only: 'r1' });
    expect(await callBeside(of, blocked)).toBeGreaterThan(0);
    expect(await exited).toEqual([null, 'SIGABRT']);
    expect(primary.stderr).toMatch(
      /understudy: replica r1 of group counters: the event loop has been blocked for 1\d{3} ms.*order \d+, \/test\.Busy\/Block/,
    );
    const others = replicas.slice(1);
    expect((await Promise.all(others.map((replica) => replica.status()))).map(({ term }) => term)).toEqual([2, 2]);
    // A backup processes a call once the primary has told that it is complete, which may be after the reply.
    await vi.waitFor(
      async () => {
        const [one, other] = await Promise.all(others.map((replica) => replica.status()));
        expect(one?.digest).toBe(other?.digest);
      },
      { timeout: 30_000 },
    );
  });

  it('does not end its process if it must not', async () => {
    const of = await group({ settings: { stallMs: 1000 }, options: { endsBlocked: false } });
    await callBeside(of, block(of, { ms: 3000, only: 'r1' }));
    const [blocked, ...others] = replicas as [BusyReplica, BusyReplica, BusyReplica];
    for (const other of others) expect(await other.status()).toMatchObject({ term: 2 });
    expect(blocked.runs).toBe(true);
  });
});

describe('without a liveness thread', () => {
  it.each([
    [
      'is refused',
      ['--experimental-permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-child-process'],
      {},
    ],
    ['is not wanted', [], { livenessAddress: false }],
  ] as const)('heartbeats are sent by the main thread: %s', async (name, execArgv, options) => {
    const of = await group({ execArgv, options });
    expect(await call(of, counterService.Add, { id: 'a', by: 2 })).toBe(2);
    expect(replicas.map((replica) => replica.said(BY_MAIN_THREAD).length)).toEqual(
      name === 'is refused' ? [1, 1, 1] : [0, 0, 0],
    );
    for (const replica of replicas) expect(await replica.status()).toMatchObject({ term: 1, inSync: 3 });
  });

  it('because it has ended, heartbeats go on, and a blocked main thread costs a backup its place', async () => {
    await group({ settings: { leaseMs: 2_500, stallMs: 60_000 } });
    const [primary, blocked] = replicas as [BusyReplica, BusyReplica, BusyReplica];
    const watched = await watchGroup();
    for (const replica of replicas) {
      replica.endThread();
      await replica.until(() => replica.said(BY_MAIN_THREAD).length === 1);
    }
    await block(client as Client, { ms: 7_500, only: blocked.id });
    // No calls meanwhile: heartbeats alone keep the other backup.
    await primary.until(() => primary.said(/removes a backup/).length > 0);
    expect(primary.said(/removes a backup/)).toMatchObject([{ peer: blocked.id }]);
    await vi.waitFor(() => expect(watched.seen.at(-1)).toMatch(/in sync r1,r3,r2$/), { timeout: 60_000 });
    expect(watched.seen.filter((change) => !change.includes('term 1'))).toEqual([]);
    await watched.end();
    for (const replica of replicas) expect(replica.said(BY_MAIN_THREAD)).toHaveLength(1);
  });
});

describe('a liveness thread', () => {
  it('listens where its replica was told to, and others reach it there', async () => {
    const ports = await Promise.all(NAMES.map(freePort));
    const at = (i: number): BusySetup => ({ options: { livenessAddress: `127.0.0.1:${ports[i]}` } });
    const of = await group({}, { r1: at(0), r2: at(1), r3: at(2) });
    for (const port of ports) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
    }
    const watched = await watchGroup();
    await callBeside(of, block(of, { ms: 900 }));
    await watched.end();
    expect(watched.seen).toEqual([]);
  });

  it('that nobody reaches leaves heartbeats to the main links, and a warning says so once for each peer', async () => {
    // It listens with IPv4, and others look for it with IPv6.
    const unreached = { listen: '0.0.0.0', options: { livenessAddress: '[::1]:0', insecurePeers: true } };
    const settings = { leaseMs: 2_000 };
    const of = await group({ settings, ...unreached });
    const [primary, , third] = replicas as [BusyReplica, BusyReplica, BusyReplica];
    const said = (level: string) => primary.said(ON_MAIN_LINK).filter((line) => line.level === level);
    await primary.until(() => said('warn').length === 2);
    expect(
      said('warn')
        .map(({ peer }) => peer)
        .sort(),
    ).toEqual(['r2', 'r3']);
    third.child.kill('SIGKILL');
    await once(third.child, 'exit');
    const again = new BusyReplica('r3', directory, PROGRAMS, { settings, ...unreached });
    replicas.push(again);
    await again.started();
    // The link to it is another one, so its thread was looked for again.
    await primary.until(() => said('debug').some(({ peer }) => peer === 'r3'));
    expect(said('warn')).toHaveLength(2);
    expect(await call(of, counterService.Add, { id: 'a', by: 2 })).toBe(2);
    expect(await primary.status()).toMatchObject({ role: 'primary', term: 1, inSync: 3 });
  });
});
