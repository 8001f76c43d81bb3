import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// These tests run the built demo.
const MAIN = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url));

let dir: string;
let started: ChildProcess[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'demo-test-'));
  started = [];
});
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  await rm(dir, { recursive: true });
});

function demo(...args: string[]) {
  // The demo leaves its logs in a directory of this test.
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, TMPDIR: dir, NO_COLOR: '1' } });
  started.push(child);
  let output = '';
  let seen = (): void => {};
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
    seen();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output: () => output }));
  const untilOutput = (text: string) =>
    new Promise<void>((resolve) => {
      seen = () => output.includes(text) && resolve();
      seen();
    });
  return { child, ended, untilOutput };
}

const childrenOf = (pid: number | undefined): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** Resolves when a process is gone that is not our child. */
async function gone(pid: number): Promise<void> {
  const alive = (): boolean => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  while (alive()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('the demo', () => {
  it.each([
    [['--kills', '3'], '3 kills need at least 4 replicas'],
    [['--carrier', 'pigeon'], "argument 'pigeon' is invalid"],
    [['--in-flight', 'many'], 'It must be a whole number'],
    [['--input', '/nowhere.csv'], '/nowhere.csv: ENOENT'],
    [['--example', 'tram'], "argument 'tram' is invalid"],
    [['--example', 'chat', '--warm-up', '9'], 'the example chat has no option --warm-up'],
    [['--clients', '9'], 'the example bank has no option --clients'],
  ])('ends with status 2 for %j', async (args, reason) => {
    const { code, output } = await demo(...args).ended;
    expect(output()).toContain(reason);
    expect(code).toBe(2);
  });

  it('shows a handler that differs from replica to replica, found and healed', async () => {
    const { code, output } = await demo('--diverge').ended;
    expect(output()).toContain('replica replica-2 came to other results than the primary');
    expect(output()).toContain('two instances of the service have a different reply at call 0,');
    expect(output().match(/^ {2}ok /gm)).toHaveLength(4);
    expect(output()).not.toContain('FAIL');
    expect(code).toBe(0);
  });

  it.each(['route-guide', 'chat'])('proves a run of the %s without replicas', async (example) => {
    const { code, output } = await demo('--example', example, '--bare', '--clients', '3', '--messages', '60').ended;
    expect(output()).toMatch(/Proof\n {2}ok/);
    expect(output()).not.toContain('FAIL');
    expect(code).toBe(0);
    expect(await readdir(dir)).toEqual([]);
  });

  it('ends with status 1 and a reason, and keeps its logs, when it takes longer than --timeout-s', async () => {
    const { code, output } = await demo('--timeout-s', '8', '--warm-up', '1000000').ended;
    expect(output()).toContain('The demo did not end within 8 s.');
    expect(code).toBe(1);
    const [kept = ''] = await readdir(dir);
    expect(output()).toContain(join(dir, kept));
    expect(await readdir(join(dir, kept))).toContain('bare-client.log');
  });

  it.skipIf(process.platform !== 'linux').each([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const)('leaves no process behind after %s', async (signal, status) => {
    const { child, ended, untilOutput } = demo();
    await untilOutput('bare bank    10%');
    const children = childrenOf(child.pid);
    expect(children).toHaveLength(2);
    child.kill(signal);
    expect((await ended).code).toBe(status);
    await Promise.all(children.map(gone));
    if (status !== null) expect(await readdir(dir)).toEqual([]);
  });
});
