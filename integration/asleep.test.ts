/** Clients that sleep: their process is stopped, or their event loop is blocked. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const REPLICA = new URL('./asleep/replica.mjs', import.meta.url);
const CLIENT = new URL('./asleep/client.mjs', import.meta.url);
const NAMES = ['r1', 'r2', 'r3'];
/** A client is silent after this time, and no busy machine stalls a replica for so long. */
const SESSION_MS = 1_000;

interface Told {
  readonly port?: number;
  readonly logged?: { readonly event: string };
  readonly status?: { readonly sessions: number };
  readonly ended?: string;
  readonly how?: string;
  readonly heard?: string;
  readonly ready?: true;
  readonly blocks?: true;
}

/** A process that tells what happens to it. */
class Program {
  readonly child: ChildProcess;
  readonly told: Told[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(path: URL, args: readonly string[]) {
    this.child = fork(path, args, { execArgv: [], stdio: ['pipe', 'inherit', 'inherit', 'ipc'] });
    const look = (): void => {
      for (const watcher of [...this.#watchers]) watcher();
    };
    this.child.on('message', (what: Told) => {
      this.told.push(what);
      look();
    });
    this.child.on('exit', look);
  }

  /** @returns the first thing that it tells, or has told, for which this holds */
  tells(holds: (told: Told) => boolean): Promise<Told> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.told.find(holds);
        const { exitCode, signalCode } = this.child;
        if (found !== undefined) resolve(found);
        else if (exitCode !== null || signalCode !== null) reject(new Error(`it ended: ${exitCode ?? signalCode}`));
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** @returns how it says that the call or stream of this name has ended */
  async ended(name: string): Promise<string> {
    return (await this.tells(({ ended }) => ended === name)).how ?? '';
  }

  do(what: string, argument?: string): void {
    this.child.send([what, argument]);
  }
}

let directory: string;
let programs: Program[];
let replicas: Program[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-asleep-'));
  programs = [];
});
afterEach(async () => {
  const running = programs.filter(({ child }) => child.exitCode === null && child.signalCode === null);
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ child }) => once(child, 'exit')));
  rmSync(directory, { recursive: true });
});

function run(path: URL, ...args: string[]): Program {
  const program = new Program(path, args);
  programs.push(program);
  return program;
}

async function startGroup(settings: object): Promise<string> {
  replicas = [];
  const ports: unknown[] = [];
  for (const id of NAMES) {
    const replica = run(REPLICA, id, directory, JSON.stringify(settings));
    ports.push((await replica.tells(({ port }) => port !== undefined)).port);
    replicas.push(replica);
  }
  return `understudy:///${ports.map((port) => `127.0.0.1:${port}`).join()}`;
}

async function connect(target: string, settings: object): Promise<Program> {
  const client = run(CLIENT, target, JSON.stringify(settings));
  await client.tells(({ ready }) => ready === true);
  return client;
}

const WAYS = {
  'whose process is stopped': {
    sleep: async (client: Program) => void client.child.kill('SIGSTOP'),
    wake: (client: Program) => void client.child.kill('SIGCONT'),
  },
  'whose event loop is blocked': {
    sleep: async (client: Program) => {
      client.do('block');
      await client.tells(({ blocks }) => blocks === true);
    },
    wake: (client: Program) => void client.child.stdin?.write('.'),
  },
} as const;

const CASES = (['stream', 'rpc'] as const).flatMap((carrier) =>
  (Object.keys(WAYS) as (keyof typeof WAYS)[]).map((way) => [way, carrier] as const),
);

describe('a client that sleeps for less than sessionExpiryMs', () => {
  it.each(CASES)(
    '%s keeps its session, its open call and its open stream, and nobody waits for it: carrier %s',
    async (way, carrier) => {
      const settings = { carrier, leaseMs: SESSION_MS, sessionMs: SESSION_MS, sessionExpiryMs: 600_000 };
      const target = await startGroup(settings);
      const sleeper = await connect(target, settings);
      const other = await connect(target, settings);
      sleeper.do('call', 'Add');
      expect(await sleeper.ended('Add')).toBe('1');
      sleeper.do('call', 'Wait');
      sleeper.do('open', 'talk');
      await sleeper.tells(({ heard }) => heard === 'talk: hello');
      await WAYS[way].sleep(sleeper);
      await Promise.all(
        replicas.map((replica) => replica.tells(({ logged }) => logged?.event === 'a session is silent')),
      );
      // The group answers other clients meanwhile.
      for (let i = 2; i <= 50; i++) {
        other.told.length = 0;
        other.do('call', 'Add');
        expect(await other.ended('Add')).toBe(String(i));
      }
      other.do('call', 'Wake');
      expect(await other.ended('Wake')).toBe('done');
      expect(sleeper.told.filter(({ ended, heard }) => ended === 'Wait' || heard === 'talk: woken')).toEqual([]);
      sleeper.told.length = 0;
      WAYS[way].wake(sleeper);
      expect(await sleeper.ended('Wait')).toBe('woken');
      await sleeper.tells(({ heard }) => heard === 'talk: woken');
      sleeper.do('say', 'still here');
      await sleeper.tells(({ heard }) => heard === 'talk: still here');
      sleeper.do('hang up');
      expect(await sleeper.ended('talk')).toBe('OK');
      sleeper.do('call', 'Add');
      expect(await sleeper.ended('Add')).toBe('51');
    },
  );
});

describe('a client that sleeps for longer than sessionExpiryMs', () => {
  it.each(CASES)('%s has its first new call and its first new stream succeed: carrier %s', async (way, carrier) => {
    const settings = { carrier, leaseMs: SESSION_MS, sessionMs: SESSION_MS, sessionExpiryMs: 2 * SESSION_MS };
    const sleeper = await connect(await startGroup(settings), settings);
    sleeper.do('call', 'Add');
    expect(await sleeper.ended('Add')).toBe('1');
    sleeper.do('call', 'Wait');
    sleeper.do('open', 'talk');
    await sleeper.tells(({ heard }) => heard === 'talk: hello');
    sleeper.told.length = 0;
    await WAYS[way].sleep(sleeper);
    // The client makes these calls first when it wakes.
    sleeper.do('call', 'Add');
    sleeper.do('open', 'new talk');
    await Promise.all(replicas.map(withoutSessions));
    WAYS[way].wake(sleeper);
    expect(await sleeper.ended('Add')).toBe('2');
    await sleeper.tells(({ heard }) => heard === 'new talk: hello');
    expect(await sleeper.ended('Wait')).toContain('UNDERSTUDY_SESSION_EXPIRED');
    expect(await sleeper.ended('talk')).toContain('UNDERSTUDY_SESSION_EXPIRED');
    sleeper.do('hang up');
    expect(await sleeper.ended('new talk')).toBe('OK');
  });
});

/** Asks again and again, since nobody is told that a session has expired. */
async function withoutSessions(replica: Program): Promise<void> {
  for (;;) {
    replica.told.length = 0;
    replica.do('status');
    const { status } = await replica.tells((told) => told.status !== undefined);
    if (status?.sessions === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
