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
import {
  dieInDialogue,
  dieInStream,
  dieOnMessage,
  type Ended,
  type Harm,
  mortalService,
  unary,
} from '../testing/mortal.js';

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
const IN_SYNC = new Set(['primary', 'backup']);
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
  // First the replicas: a client waits for calls that are open, and so it would for those of a group that hangs.
  await Promise.all(supervised.map((one) => one.stop()));
  await Promise.all(clients.map((client) => understudyClient(client)?.close() ?? client.close()));
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

async function died(times: number): Promise<void> {
  while (deaths() < times) await new Promise((resolve) => setTimeout(resolve, 20));
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
/** How it is called, and which method. */
const CALLED = {
  call: { method: 'Die', by: (client: Client, how: Harm) => unary(client, mortalService.Die, { how }) },
  stream: { method: 'DieInStream', by: dieInStream },
  'message of a stream': { method: 'DieOnMessage', by: dieOnMessage },
  dialogue: { method: 'DieInDialogue', by: dieInDialogue },
  plain: { method: 'Die', by: (_client: Client, how: Harm) => plainly(how, 2000) },
} as const;
type Called = keyof typeof CALLED;
const CASES = ['semi-active', 'passive'].flatMap((replication) =>
  WAYS.flatMap((how) => (Object.keys(CALLED) as Called[]).map((by) => [replication, how, by] as const)),
);
const CHOSEN = new Set([
  'semi-active exit call',
  'semi-active late exit call',
  'passive late exit stream',
  'semi-active abort message of a stream',
  'passive exit dialogue',
  'semi-active segfault plain',
  'passive memory call',
  'semi-active endless loop call',
]);

describe('a message that ends every process that runs its handler', () => {
  it.each(CASES.filter((one) => ALL || CHOSEN.has(one.join(' '))))(
    'is refused by name after two deaths, and the group goes on with all its state: %s, %s, %s',
    async (replication, how, by) => {
      await group(replication);
      const client = sessionClient();
      for (const id of ['a', 'b', 'c'])
        expect(await unary(client, counterService.Add, { id, by: 1 })).toMatchObject({ code: 0 });
      const beside = ['d', 'e', 'f'].map((id) => unary(client, counterService.Add, { id, by: 1 }));
      expect(await CALLED[by].by(client, how)).toMatchObject({
        code: status.INTERNAL,
        details: expect.stringContaining('UNDERSTUDY_POISON'),
      });
      for (const other of beside) expect(await other).toMatchObject({ code: 0 });
      expect(await unary(client, counterService.Add, { id: 'g', by: 1 })).toMatchObject({ code: 0 });
      // Who calls again with the same bytes is refused at once.
      if (by === 'call')
        expect(await unary(client, mortalService.Die, { how })).toMatchObject({ code: status.INTERNAL });
      const primary = await whole();
      expect([...primary.ids].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
      expect(primary.poisoned).toMatchObject([{ method: `/test.Mortal/${CALLED[by].method}`, deaths: 2 }]);
      expect(deaths()).toBe(2);
    },
  );
});

describe('a message that ends processes, and is not sent again', () => {
  it.each(['exit', 'late exit'] as const)(
    'costs two replicas at most: its caller is told UNAVAILABLE, and the group is whole again with all its state: %s',
    async (how) => {
      await group('semi-active');
      const client = sessionClient();
      expect(await unary(client, counterService.Add, { id: 'a', by: 1 })).toMatchObject({ code: 0 });
      const { port } = supervised[0] as Supervised;
      const plain = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
      expect(await unary(plain, mortalService.Die, { how })).toMatchObject({ code: status.UNAVAILABLE });
      plain.close();
      expect(await unary(client, counterService.Add, { id: 'b', by: 1 })).toMatchObject({ code: 0 });
      await whole();
      expect(await unary(client, counterService.Add, { id: 'c', by: 1 })).toMatchObject({ code: 0 });
      const primary = await whole();
      expect(primary.ids).toEqual(['a', 'b', 'c']);
      // A successor that was told of its order runs it once more, since it may have had an effect.
      expect(primary.poisoned).toHaveLength(deaths() - 1);
      expect(deaths()).toBeLessThanOrEqual(2);
    },
  );
});

describe('a message that ends a backup alone', () => {
  it.each(['exit', 'abort', 'segfault'] as const)(
    'is answered, refused to nobody, and the backup comes back: %s',
    async (how) => {
      await group('semi-active');
      const client = sessionClient();
      expect(await unary(client, counterService.Add, { id: 'a', by: 1 })).toMatchObject({ code: 0 });
      for (const id of ['b', 'c']) {
        const before = deaths();
        expect(await unary(client, mortalService.Die, { how, only: 'r2' })).toMatchObject({ code: 0 });
        expect(await unary(client, counterService.Add, { id, by: 1 })).toMatchObject({ code: 0 });
        await died(before + 1);
        // The backup counts again, with a state of its own.
        await whole((statuses) => statuses.length === NAMES.length && statuses.every(({ role }) => IN_SYNC.has(role)));
      }
      const primary = await whole((statuses) => new Set(statuses.map(({ ids }) => ids.join())).size === 1);
      expect(primary).toMatchObject({ ids: ['a', 'b', 'c'], poisoned: [] });
      expect(supervised.map((one) => one.deaths)).toEqual([0, 2, 0]);
    },
  );
});
