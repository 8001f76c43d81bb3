import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// Runs what the build made of the command.
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
// Colours would depend on where the test runs.
const env = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined };

function simulator(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { env });
  let [stdout, stderr] = ['', ''];
  let seen = (): void => {};
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    seen();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const untilError = (text: string) =>
    new Promise<void>((resolve) => {
      seen = () => stderr.includes(text) && resolve();
      seen();
    });
  return { child, ended, untilError };
}

describe('the simulator', () => {
  it('plays many seeds and prints a summary', async () => {
    const { code, stdout, stderr } = await simulator('--seeds', '50', '--from', '1', '--workers', '2').ended;
    expect(stdout).toContain('seeds 1 to 50: 50 runs in');
    expect(stdout).toMatch(/\nall +\d+ +\d+ +\d+ +0\n/);
    expect(stderr).toContain('100%  50/50');
    expect(code).toBe(0);
  });

  it('prints the first of its fresh seeds', async () => {
    const { stdout } = await simulator('--seeds', '1', '--json').ended;
    const { from, runs } = JSON.parse(stdout) as { from: string; runs: number };
    expect(from).toMatch(/^\d+$/);
    expect(runs).toBe(1);
  });

  // A few hundred runs before the first that breaks.
  it('finds a violation when clocks drift beyond their bound, ends with status 1, and replays the violation', async () => {
    const many = await simulator('--seeds', '20000', '--from', '1', '--drift', 'beyond', '--bail').ended;
    expect(many.code).toBe(1);
    const [, command = ''] = /npm run simulate -- (--seed \d+ --trace --drift beyond)/.exec(many.stdout) ?? [];
    const one = await simulator(...command.split(' ')).ended;
    expect(one.code).toBe(1);
    expect(one.stdout).toMatch(/\n {9}! VIOLATION {4}\S/);
    expect(one.stdout).toMatch(/\nseed \d+: violated: /);
  });

  it.each([
    [['--seeds', 'many'], 'It must be a whole number from 1'],
    [['--from', '18446744073709551616'], 'It must be a whole number from 0'],
    [['--seed', '-1'], 'It must be a whole number from 0'],
    [['--without', 'cut,rain'], "'rain' is not a kind; use serverCrash, "],
    [['--drift', 'wild'], 'Allowed choices are within, beyond'],
    [['--trace'], '--trace and --diagram need --seed'],
    [['--from-ms', '1'], '--from-ms and --to-ms need --seed'],
    [['--seed', '1', '--from-ms', '1'], '--from-ms and --to-ms need --trace or --diagram'],
    [['--seed', '1', '--trace', '--from-ms', '2', '--to-ms', '1'], '--from-ms is after --to-ms'],
    [['--seed', '1', '--seeds', '2'], "'--seed <seed>' cannot be used with option '--seeds <n>'"],
    [['--seed', '1', '--diagram', 'run.png'], 'Its name must end in .mmd or .svg'],
    [['rain'], 'too many arguments'],
  ])('ends with status 2 for %j', async (args, reason) => {
    const { code, stderr } = await simulator(...args).ended;
    expect(stderr).toContain(reason);
    expect(code).toBe(2);
  });

  it('prints the trace of a seed: its plan, its events and its result', async () => {
    const { code, stdout } = await simulator('--seed', '7', '--trace').ended;
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^seed 7: \d replicas, /);
    expect(stdout).toMatch(/\n +1\d{3} {4}S\d -> S\d {5}\S/);
    expect(lines.at(-2)).toMatch(/^seed 7: \w+$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(code).toBe(0);
  });

  it.each([
    ['svg', /^<svg [\s\S]*<\/svg>\n$/],
    ['mmd', /^sequenceDiagram\n {2}participant /],
  ])('draws a stretch of a run into a file *.%s', async (suffix, format) => {
    const dir = await mkdtemp(join(tmpdir(), 'simulator-test-'));
    try {
      const file = join(dir, `run.${suffix}`);
      const { code, stdout } = await simulator('--seed', '7', '--diagram', file, '--to-ms', '1100').ended;
      expect(stdout).toMatch(/^seed 7: \w+\n/);
      expect(await readFile(file, 'utf8')).toMatch(format);
      expect(code).toBe(0);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('prints a help text that fits a terminal', async () => {
    const { code, stdout } = await simulator('--help').ended;
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    for (const option of ['--seeds', '--diagram', '--without']) expect(stdout).toContain(option);
    expect(code).toBe(0);
  });

  it.skipIf(process.platform === 'win32')('prints a summary so far when it is interrupted', async () => {
    const { child, ended, untilError } = simulator('--seeds', '1000', '--from', '1');
    await untilError(' 10%');
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(stdout).toMatch(/^\n\d+ of 1000 seeds from 1 on: \d+ runs in/);
    expect(code).toBe(130);
  });
});
