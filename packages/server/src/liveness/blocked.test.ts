import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReplicaServerOptions } from '../replica/options.js';
import { type Busy, busyService } from '../testing/busy.js';
import { counterService } from '../testing/counter.js';

// Runs what `npm run build` made.
const program = fileURLToPath(new URL('../../dist/testing/child-busy.js', import.meta.url));
const coordinators = fileURLToPath(new URL('../../../coordinator-embedded/dist/index.js', import.meta.url));

interface Setup {
  /** Of the group, besides its name. */
  readonly settings?: Record<string, unknown>;
  readonly options?: Partial<ReplicaServerOptions>;
  readonly execArgv?: readonly string[];
}

interface Status {
  readonly role: string;
  readonly term: number;
  readonly inSync: number;
  readonly digest: string;
}

/** A replica in a process of its own. */
class Replica {
  readonly child: ChildProcess;
  readonly logged: Record<string, unknown>[] = [];
  stderr = '';
  port = 0;
  readonly #waiting: ((status: Status) => void)[] = [];

  constructor(id: string, { settings = {}, options = {}, execArgv = [] }: Setup) {
    const args = [id, directory, coordinators, JSON.stringify(settings), JSON.stringify(options)];
    // The child must not get the test runner's condition, which makes imports find sources.
    this.child = fork(program, args, { execArgv: [...execArgv], silent: true });
    this.child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.child.on('message', (told: { logged?: Record<string, unknown>; status?: Status; port?: number }) => {
      if (told.logged !== undefined) this.logged.push(told.logged);
      if (told.status !== undefined) this.#waiting.shift()?.(told.status);
      if (told.port !== undefined) this.port = told.port;
    });
  }

  async started(): Promise<this> {
    while (this.port === 0) {
      const [told] = await Promise.race([once(this.child, 'message'), once(this.child, 'exit').then(() => ['gone'])]);
      if (told === 'gone') throw new Error(`the replica ended: ${this.stderr}`);
    }
    return this;
  }

  status(): Promise<Status> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.child.send('status');
    });
  }

  get runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}

let directory: string;
let replicas: Replica[] = [];
let client: Client | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'understudy-blocked-'));
});
afterEach(async () => {
  if (client !== undefined) await understudyClient(client).close();
  client = undefined;
  const running = replicas.filter(({ runs }) => runs);
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ child }) => once(child, 'exit')));
  replicas = [];
  await rm(directory, { recursive: true });
});

async function group(setup: Setup = {}): Promise<Client> {
  for (const id of ['r1', 'r2', 'r3']) {
    const replica = new Replica(id, setup);
    replicas.push(replica);
    await replica.started();
  }
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
    const blocked = (async () => {
      for (const busy of blocks) await block(of, busy);
    })();
    await callBeside(of, blocked);
    // A change of the set would come after the silence that caused it, and a call goes to everybody.
    await call(of, counterService.Get, {});
    for (const replica of replicas) expect(await replica.status()).toMatchObject({ term: 1, inSync: 3 });
    const events = replicas.flatMap(({ logged }) => logged.map(({ event }) => event));
    expect(events).not.toContain('the primary removes a backup');
  });

  it('for ever ends its process after stallMs, with a line that says what it did, and the others go on', async () => {
    const of = await group({ settings: { stallMs: 1500 } });
    const [primary] = replicas as [Replica, Replica, Replica];
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
    const [blocked, ...others] = replicas as [Replica, Replica, Replica];
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
    const said = replicas.map(
      ({ logged }) => logged.filter(({ event }) => /by the main thread/.test(String(event))).length,
    );
    expect(said).toEqual(name === 'is refused' ? [1, 1, 1] : [0, 0, 0]);
    for (const replica of replicas) expect(await replica.status()).toMatchObject({ term: 1, inSync: 3 });
  });
});
