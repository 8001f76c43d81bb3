import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials, status } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { dieInStream, type Ended, type Harm, mortalService, unary } from '../testing/mortal.js';

// Runs what `npm run build` made.
const program = fileURLToPath(new URL('../../dist/testing/child-mortal.js', import.meta.url));
const coordinators = fileURLToPath(new URL('../../../coordinator-embedded/dist/index.js', import.meta.url));

interface ChildStatus {
  readonly role: string;
  readonly inSync: number;
  readonly ids: readonly string[];
  readonly poisoned: readonly { readonly method: string; readonly deaths: number }[];
}

/** All ways to die, by hand: `ALL=1 npx vitest run packages/server/src/replica/poison.test.ts`. */
const ALL = process.env.ALL !== undefined;
const NAMES = ['r1', 'r2', 'r3'];
/** Long enough that no busy machine takes a replica for dead, which would count as a death. */
const LEASE_MS = 400;
/** How long a handler may block its process. */
const STALL_MS = 1000;

let directory: string;
let supervised: Supervised[];
let clients: Client[];
beforeEach(async () => {
  supervised = [];
  clients = [];
  directory = await mkdtemp(join(tmpdir(), 'understudy-poison-'));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => understudyClient(client)?.close() ?? client.close()));
  await Promise.all(supervised.map((one) => one.stop()));
  await rm(directory, { recursive: true });
});

/** One replica, which a supervisor starts again whenever its process ends. */
class Supervised {
  deaths = 0;
  port = 0;
  readonly logged: Record<string, unknown>[] = [];
  readonly #name: string;
  readonly #settings: object;
  #child: ChildProcess | undefined;
  #stopped = false;

  constructor(name: string, settings: object) {
    this.#name = name;
    this.#settings = settings;
    supervised.push(this);
  }

  async start(): Promise<void> {
    const args = [this.#name, directory, coordinators, JSON.stringify(this.#settings), 'contain', String(this.port)];
    const execArgv = ['--max-old-space-size=64'];
    const child = fork(program, args, { execArgv, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#child = child;
    // Who asks for the status listens for the end, too.
    child.setMaxListeners(0);
    const bound = once(child, 'exit').then(() => this.#ended());
    await Promise.race([this.#hear('port').then((port) => (this.port = port as number)), bound]);
  }

  async #ended(): Promise<void> {
    if (this.#stopped) return;
    this.deaths++;
    await this.start();
  }

  #hear(key: string): Promise<unknown> {
    const child = this.#child;
    return new Promise((resolve) => {
      child?.on('message', (told: Record<string, unknown>) => {
        if (key in told) resolve(told[key]);
        if ('logged' in told) this.logged.push(told.logged as Record<string, unknown>);
      });
    });
  }

  /** @returns undefined if the process ends before it answers */
  async status(): Promise<ChildStatus | undefined> {
    const child = this.#child;
    if (child === undefined || !child.connected) return undefined;
    const gone = once(child, 'exit').then(() => undefined);
    const told = this.#hear('status') as Promise<ChildStatus>;
    child.send('status', () => {});
    return Promise.race([told, gone]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

async function whole(holds: (statuses: readonly ChildStatus[]) => boolean = () => true): Promise<ChildStatus> {
  for (;;) {
    const statuses = (await Promise.all(supervised.map((one) => one.status()))).filter((one) => one !== undefined);
    const primary = statuses.find(({ role }) => role === 'primary');
    if (primary?.inSync === NAMES.length && holds(statuses)) return primary;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function group(replication: string): Promise<void> {
  for (const name of NAMES) await new Supervised(name, { replication, leaseMs: LEASE_MS, stallMs: STALL_MS }).start();
  await whole();
}

const targets = (): string => supervised.map(({ port }) => `127.0.0.1:${port}`).join(',');

function sessionClient(): Client {
  const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters', leaseMs: LEASE_MS } }] };
  const client = new Client(`understudy:///${targets()}`, credentials.createInsecure(), replicated({ serviceConfig }));
  clients.push(client);
  return client;
}

const deaths = (): number => supervised.reduce((sum, one) => sum + one.deaths, 0);

/** A client without our interceptor that calls one replica after the other until one answers for good. */
async function plainly(how: Harm, tries: number): Promise<Ended> {
  let ended: Ended = { code: -1, details: '' };
  for (let i = 0; i < tries; i++) {
    const { port } = supervised[i % supervised.length] as Supervised;
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    ended = await unary(client, mortalService.Die, { how });
    client.close();
    if (ended.code !== status.UNAVAILABLE && ended.code !== status.ABORTED) return ended;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return ended;
}

const WAYS: readonly Harm[] = ['exit', 'late exit', 'abort', 'segfault', 'memory', 'endless loop'];
const CASES = ['semi-active', 'passive'].flatMap((replication) =>
  WAYS.flatMap((how) => (['call', 'stream', 'plain'] as const).map((by) => [replication, how, by] as const)),
);
const CHOSEN = new Set([
  'semi-active exit call',
  'semi-active late exit call',
  'passive late exit stream',
  'semi-active segfault plain',
]);

describe('a message that ends every process that runs its handler', () => {
  it.each(CASES.filter((one) => ALL || CHOSEN.has(one.join(' '))))(
    'is refused by name after two deaths, and the group goes on with all its state: %s, %s, %s',
    { timeout: 60_000 },
    async (replication, how, by) => {
      await group(replication);
      const client = sessionClient();
      for (const id of ['a', 'b', 'c'])
        expect(await unary(client, counterService.Add, { id, by: 1 })).toMatchObject({ code: 0 });
      const beside = ['d', 'e', 'f'].map((id) => unary(client, counterService.Add, { id, by: 1 }));
      const ended =
        by === 'plain'
          ? await plainly(how, 2000)
          : await (by === 'call' ? unary(client, mortalService.Die, { how }) : dieInStream(client, how));
      expect(ended).toMatchObject({ code: status.INTERNAL, details: expect.stringContaining('UNDERSTUDY_POISON') });
      for (const other of beside) expect(await other).toMatchObject({ code: 0 });
      expect(await unary(client, counterService.Add, { id: 'g', by: 1 })).toMatchObject({ code: 0 });
      // Who calls again with the same bytes is refused at once.
      if (by === 'call')
        expect(await unary(client, mortalService.Die, { how })).toMatchObject({ code: status.INTERNAL });
      const primary = await whole();
      expect([...primary.ids].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
      expect(primary.poisoned).toMatchObject([
        { method: by === 'stream' ? '/test.Mortal/DieInStream' : '/test.Mortal/Die', deaths: 2 },
      ]);
      expect(deaths()).toBe(2);
    },
  );
});
