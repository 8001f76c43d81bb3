import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { dieInStream, type Harm, mortalService, unary } from '../testing/mortal.js';

// Runs what `npm run build` made.
const program = fileURLToPath(new URL('../../dist/testing/child-mortal.js', import.meta.url));
const coordinators = fileURLToPath(new URL('../../../coordinator-embedded/dist/index.js', import.meta.url));

interface ChildStatus {
  readonly role: string;
  readonly epoch: number;
  readonly inSync: number;
  readonly strayErrors: number;
  readonly processedUpTo: number;
  readonly digest: string;
  readonly ids: readonly string[];
}

interface Running {
  readonly child: ChildProcess;
  readonly address: string;
  readonly logged: Record<string, unknown>[];
}

let directory: string;
let clients: Client[];
const children: ChildProcess[] = [];
beforeEach(async () => {
  clients = [];
  directory = await mkdtemp(join(tmpdir(), 'understudy-uncaught-'));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => understudyClient(client).close()));
  const running = children.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
  await rm(directory, { recursive: true });
});

/** Resolves with the next message of a child that has this key. */
const message = (child: ChildProcess, key: string): Promise<unknown> =>
  new Promise((resolve) => {
    const hear = (told: Record<string, unknown>): void => {
      if (!(key in told)) return;
      child.removeListener('message', hear);
      resolve(told[key]);
    };
    child.on('message', hear);
  });

async function start(replicaId: string, settings: object, uncaught: string): Promise<Running> {
  // The child must not get the test runner's condition, which makes imports find sources.
  const args = [replicaId, directory, coordinators, JSON.stringify(settings), uncaught];
  const child = fork(program, args, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  children.push(child);
  const logged: Record<string, unknown>[] = [];
  child.on('message', (told: { logged?: Record<string, unknown> }) => {
    if (told.logged !== undefined) logged.push(told.logged);
  });
  const port = await message(child, 'port');
  return { child, address: `127.0.0.1:${port}`, logged };
}

async function group(settings: object = {}, uncaught = 'contain'): Promise<[Running, Running, Client]> {
  const primary = await start('r1', settings, uncaught);
  const backup = await start('r2', settings, uncaught);
  const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters', ...settings } }] };
  const target = `understudy:///${primary.address},${backup.address}`;
  const client = new Client(target, credentials.createInsecure(), replicated({ serviceConfig }));
  clients.push(client);
  return [primary, backup, client];
}

function statusOf({ child }: Running): Promise<ChildStatus> {
  const status = message(child, 'status') as Promise<ChildStatus>;
  child.send('status');
  return status;
}

async function until(replica: Running, holds: (status: ChildStatus) => boolean): Promise<ChildStatus> {
  for (;;) {
    const status = await statusOf(replica);
    if (holds(status)) return status;
  }
}

/** Resolves when two replicas have come to the same state. */
async function agreed(one: Running, another: Running): Promise<void> {
  for (;;) {
    const [a, b] = await Promise.all([statusOf(one), statusOf(another)]);
    if (a.processedUpTo === b.processedUpTo && a.digest === b.digest) return;
  }
}

/** No busy machine stalls a replica for this long. */
const LEASE_MS = 3000;

const ERRORS: readonly Harm[] = [
  'throw in a timer',
  'throw in a tick',
  'rejection',
  'late rejection',
  'stack overflow',
];

describe('a handler that leaves an error to nobody', () => {
  it.each([
    ['semi-active', 'concurrent'],
    ['semi-active', 'acknowledged'],
    ['passive', 'concurrent'],
    ['passive', 'acknowledged'],
  ])('fails its call with UNKNOWN on all replicas, and ends none of them: %s, %s', async (replication, release) => {
    const [primary, backup, client] = await group({ replication, release, leaseMs: LEASE_MS });
    for (const how of ERRORS) {
      expect([how, (await unary(client, mortalService.Die, { how })).code]).toEqual([how, 2]);
      expect([how, (await dieInStream(client, how)).code]).toEqual([how, 2]);
      expect(await unary(client, counterService.Add, { id: how, by: 1 })).toMatchObject({ code: 0 });
    }
    const after = await until(primary, ({ strayErrors }) => strayErrors >= 2 * ERRORS.length);
    for (const { logged } of [primary, backup]) {
      // On a busy machine a replica that joins may say that it waits.
      const others = logged.filter(({ event }) => event !== 'this replica waits');
      expect(others.filter(({ event }) => event !== 'an error that nobody caught ends its call')).toEqual([]);
    }
    expect(after).toMatchObject({ role: 'primary', inSync: 2, ids: ERRORS });
    if (replication === 'semi-active') {
      await agreed(primary, backup);
    } else {
      primary.child.kill('SIGKILL');
      expect(await unary(client, counterService.Add, { id: 'last', by: 1 })).toMatchObject({ code: 0 });
      expect(await statusOf(backup)).toMatchObject({ role: 'primary', ids: [...ERRORS, 'last'] });
    }
    const [first] = primary.logged.filter(({ origin }) => origin === 'uncaughtException');
    expect(first).toMatchObject({ method: '/test.Mortal/Die', error: expect.stringContaining('Error: lost\n    at ') });
    expect(first?.orderNum).toBeGreaterThan(0);
  });

  it.each([
    ['r1', 2],
    ['r2', 0],
  ])('on one replica only makes backups that come to another end start anew: %s', async (only, code) => {
    const [primary, backup, client] = await group({ leaseMs: LEASE_MS });
    expect(await unary(client, mortalService.Die, { how: 'throw in a timer', only })).toMatchObject({ code });
    while (!backup.logged.some(({ event }) => event === 'UNDERSTUDY_DIVERGED')) await once(backup.child, 'message');
    expect(await unary(client, counterService.Add, { id: 'after', by: 1 })).toMatchObject({ code: 0 });
    // The record names the backup, then no longer, then its next life.
    await until(primary, ({ epoch }) => epoch >= 4);
    await until(backup, ({ role }) => role === 'backup');
    await agreed(primary, backup);
    expect(await statusOf(primary)).toMatchObject({ role: 'primary', inSync: 2, ids: ['after'] });
    expect(await statusOf(backup)).toMatchObject({ role: 'backup', ids: ['after'] });
  });

  it('ends the process if that is asked for', async () => {
    const primary = await start('r1', {}, 'exit');
    const client = new Client(primary.address, credentials.createInsecure());
    const exited = once(primary.child, 'exit');
    void unary(client, mortalService.Die, { how: 'throw in a timer' });
    expect(await exited).toEqual([1, null]);
    client.close();
  });
});
