import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../packages/workshop/dist/demo/main.js', import.meta.url));

let dir: string;
/** Where files are that the demo reads: it must leave nothing in `dir`. */
let inputs: string;
beforeEach(() => {
  inputs = mkdtempSync(join(tmpdir(), 'understudy-demo-inputs-'));
  dir = mkdtempSync(join(tmpdir(), 'understudy-demo-test-'));
});
afterEach(() => {
  for (const pid of processesOf(dir)) process.kill(pid, 'SIGKILL');
  rmSync(dir, { recursive: true });
  rmSync(inputs, { recursive: true });
});

/** Starts the demo without a terminal. It leaves its logs in `dir`. */
function demo(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    // CI systems and test runners may force colours by environment variables; here they must not.
    env: { ...process.env, TMPDIR: dir, CI: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The demo gets a process group of its own, as in a terminal.
    detached: true,
  });
  let output = '';
  let seen = (): void => {};
  const collect = (text: Buffer): void => {
    output += text.toString();
    seen();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  const shows = (text: string): Promise<void> =>
    new Promise((resolve) => {
      seen = () => output.includes(text) && resolve();
      seen();
    });
  return { child, ended, shows };
}

/** Returns all running processes whose TMPDIR is this directory, whoever started them. */
function processesOf(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`TMPDIR=${directory}`);
      } catch {
        // The process has ended or belongs to another user.
        return false;
      }
    });
}

/** The arguments of a demo that is over sooner than the default one: fewer operations, and a shorter warm-up. */
function shorter(): string[] {
  const deposits = Array.from({ length: 6_000 }, (_, i) => `${i + 1},deposit,account-${i % 50},,${(i % 90) + 1}`);
  const path = join(inputs, 'deposits.csv');
  writeFileSync(path, ['id,operation,account,to,amount_cents', ...deposits, ''].join('\n'));
  return ['--warm-up', '200', '--input', path];
}

const operations = (...lines: string[]): string => {
  const path = join(dir, 'operations.csv');
  writeFileSync(path, ['id,operation,account,to,amount_cents', ...lines, ''].join('\n'));
  return path;
};

describe.skipIf(process.platform !== 'linux')('the demo', () => {
  it('proves a run without a terminal, and says so in lines of plain text', async () => {
    // Less than a test may take, and more than the demo takes on a machine with ten times its load.
    const { ended } = demo('--timeout-s', '280', '--warm-up', '500');
    const { code, output } = await ended;
    expect(output).toContain('ok');
    expect(output).not.toContain('FAIL');
    // The output has neither colours nor a progress bar.
    expect(output).not.toContain('\u001b');
    expect(output).not.toContain('\r');
    expect(code).toBe(0);
    expect(processesOf(dir)).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([
    ['2,steal,a,,5', 'operations.csv:3: "steal" is not an operation'],
    ['1,deposit,a,,5', 'operations.csv:3: line 2 has the id 1 already'],
    ['2,deposit,a,,-5', 'operations.csv:3: the amount must be'],
    ['2,transfer,a,a,5', 'operations.csv:3: a transfer needs two different accounts'],
    ['2,deposit', 'operations.csv:3: the line has 2 columns; it must have 5'],
  ])('names the line with a mistake in the file of operations: %s', async (line, reason) => {
    const { code, output } = await demo('--input', operations('1,deposit,a,,5', line)).ended;
    expect(output).toContain(reason);
    // The error is a sentence without a stack trace.
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });

  it.each([
    { what: 'Ctrl-C, which reaches all processes', signal: 'SIGINT', toAll: true },
    { what: 'SIGTERM', signal: 'SIGTERM', toAll: false },
  ] as const)('leaves neither a process nor a file behind after $what', async ({ signal, toAll }) => {
    const { child, ended, shows } = demo(...shorter());
    await shows('Understudy   20%');
    // The demo, three replicas and a client.
    expect(processesOf(dir)).toHaveLength(5);
    const { pid } = child;
    if (pid === undefined) throw new Error('the demo was not started');
    process.kill(toAll ? -pid : pid, signal);
    expect((await ended).code).toBe(130);
    expect(processesOf(dir)).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
  });
});
