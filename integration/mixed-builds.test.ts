import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';

/**
 * A group whose replicas are of two builds: the one that integration/previous/keep-build.mjs kept last, and the present one. By hand
 * another one: PREVIOUS_BUILD=…/build.tgz.
 */

const here = import.meta.dirname;
const kept = process.env.PREVIOUS_BUILD ?? join(here, 'previous', 'build.tgz');
const program = join(here, 'previous', 'process.mjs');
const present = join(here, '..');
const previous = mkdtempSync(join(tmpdir(), 'understudy-previous-'));

const modules = join(previous, 'node_modules');
mkdirSync(modules);
execFileSync('tar', ['-xzf', kept, '-C', modules]);
symlinkSync(join(present, 'node_modules', '@grpc'), join(modules, '@grpc'));
writeFileSync(join(previous, 'package.json'), '{}');
afterAll(() => rmSync(previous, { recursive: true }));

/** Where a build has its package for the wire. */
const wires = { previous: join(modules, '@understudy/wire'), present: join(present, 'packages/wire') };

/** The versions of the wire that a build speaks. */
function spoken(wire: string): { readonly oldest: number; readonly newest: number } {
  // In a process of its own: this one makes imports find sources.
  const print = 'JSON.stringify(require(process.argv[1]).SPOKEN)';
  const args = ['-p', print, join(wire, 'dist/parts/spoken.js')];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

/** The version that both builds say they speak with each other; undefined if they say that they cannot. */
function sharedVersion(): number | undefined {
  const [before, now] = [spoken(wires.previous), spoken(wires.present)];
  const newest = Math.min(before.newest, now.newest);
  return newest < Math.max(before.oldest, now.oldest) ? undefined : newest;
}
const shared = sharedVersion();

/** The bytes that a build has for each frame, by their names. */
function frames(wire: string, version: number): Readonly<Record<string, string>> {
  const directory = join(wire, `testdata/v${version}`);
  const files = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'utf8')]));
}

it('both builds have the same bytes in the version of the wire that both speak, or say that they share none', () => {
  if (shared === undefined) {
    const said = ({ oldest, newest }: ReturnType<typeof spoken>) => `${oldest} to ${newest}`;
    const [before, now] = [spoken(wires.previous), spoken(wires.present)];
    console.log(
      `declared incompatible: the kept build speaks ${said(before)}, this one ${said(now)}; no group has both`,
    );
    return;
  }
  const what =
    `version ${shared} of the wire has changed since the build was kept: give the change a version of its own, or, before the ` +
    'first release, keep the present build: node integration/previous/keep-build.mjs';
  expect(frames(wires.present, shared), what).toEqual(frames(wires.previous, shared));
});

/** A line that a replica's process writes for the test. */
interface Told {
  readonly port?: number;
  readonly begun?: boolean;
  readonly added?: Readonly<Record<string, number>>;
  readonly ids?: readonly string[];
}

let directory: string;
const children = new Set<ChildProcess>();
let failures: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-mixed-'));
  failures = [];
});
afterEach(async () => {
  const running = [...children].filter((child) => child.exitCode === null && child.signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
  children.clear();
  rmSync(directory, { recursive: true });
});

/** For groups whose primary is never killed: no busy machine stalls a process for this long. */
const LEASE_MS = 10_000;

function begin(root: string, settings: object, own: object): ChildProcess {
  const told = { root, directory, settings: { leaseMs: LEASE_MS, ...settings }, ...own };
  const child = fork(program, [JSON.stringify(told)], { execArgv: [] });
  child.on('message', (message) => {
    if (typeof message === 'object' && 'failed' in message) failures.push(String(message.failed));
  });
  children.add(child);
  return child;
}

/** Resolves with the first message that tells of something. */
async function tells<What extends keyof Told>(child: ChildProcess, what: What): Promise<NonNullable<Told[What]>> {
  for await (const [message] of on(child, 'message', { close: ['exit'] })) {
    const told = (message as Told)[what];
    if (told !== undefined) return told;
  }
  throw new Error(`a process ended before it told ${what}: ${failures.join()}`);
}

it.skipIf(shared === undefined).each([
  ['semi-active', previous, present],
  ['passive', present, previous],
])(
  'a %s group goes from one build to the other and one replica back, and no call or stream of either build fails',
  async (replication, before, after) => {
    const settings = { replication, checkpointEvery: 20 };
    const group = new Map<string, { child: ChildProcess; port: number }>();
    const start = async (replicaId: string, root: string): Promise<void> => {
      const child = begin(root, settings, { kind: 'replica', replicaId, port: group.get(replicaId)?.port });
      group.set(replicaId, { child, port: await tells(child, 'port') });
    };
    const replace = async (replicaId: string, root: string): Promise<void> => {
      const { child } = group.get(replicaId) ?? {};
      child?.kill('SIGTERM');
      if (child !== undefined) await once(child, 'exit');
      await start(replicaId, root);
    };
    await start('r1', before);
    await Promise.all([start('r2', before), start('r3', before)]);
    const addresses = [...group.values()].map(({ port }) => `127.0.0.1:${port}`);
    const clients = [
      begin(previous, settings, { kind: 'client', addresses, carrier: 'stream' }),
      begin(present, settings, { kind: 'client', addresses, carrier: 'rpc' }),
    ];
    await Promise.all(clients.map((client) => tells(client, 'begun')));
    for (const [name, root] of [
      ['r1', after],
      ['r2', after],
      ['r3', after],
      ['r1', before],
    ] as const) {
      await replace(name, root);
      expect(failures).toEqual([]);
    }
    const answers = await Promise.all(
      clients.map((client) => {
        const added = tells(client, 'added');
        client.send('stop');
        return added;
      }),
    );
    expect(failures).toEqual([]);
    const replies = new Map(answers.flatMap((added) => Object.entries(added)));
    const ids = await Promise.all(
      [...group.values()].map(({ child }) => {
        const told = tells(child, 'ids');
        child.send('ids');
        return told;
      }),
    );
    const all = ids.find(({ length }) => length === replies.size) ?? [];
    expect(all).toHaveLength(replies.size);
    for (const [id, place] of replies) expect(all[place - 1]).toBe(id);
  },
);
