import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { BenchReport } from './report/report.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** Only what hangs takes this long. */
const HANG_MS = 240_000;
/** The width of help that goes to no terminal. */
const HELP_WIDTH = 80;
const SHORT = ['--rounds', '1', '--seconds', '0.2', '--warm-up', '0.2'];

/** In a second every session sends heartbeats. The later of two such options counts. */
const HEARTBEATS = ['--seconds', '1'];

const started: ChildProcess[] = [];
const dir = mkdtempSync(join(tmpdir(), 'understudy-bench-test-'));
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function bench(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, TMPDIR: dir },
  });
  started.push(child);
  return child;
}

const exitOf = async (child: ChildProcess): Promise<unknown> => (await once(child, 'exit'))[0];

function childrenOf(pid: number | undefined): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === pid).map(([own = 0]) => own);
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits until the benchmark has started a group of three, and returns the processes. */
const someChildren = (child: ChildProcess): Promise<number[]> =>
  vi.waitFor(
    () => {
      const found = childrenOf(child.pid);
      expect(found.length).toBeGreaterThanOrEqual(3);
      return found;
    },
    { timeout: HANG_MS },
  );

describe('the benchmark', () => {
  it('measures the bare service and a replicated one, and writes a report', async () => {
    const file = join(dir, 'report.json');
    const child = bench(
      '--only',
      'throughput,latency,streams',
      '--variants',
      'stream-concurrent',
      ...SHORT,
      '--json',
      file,
    );
    expect(await exitOf(child)).toBe(0);
    const { rounds = [], streams = [], machine } = JSON.parse(readFileSync(file, 'utf8')) as BenchReport;
    expect(rounds.map(({ variant }) => variant)).toEqual(['bare', 'stream concurrent']);
    for (const { turns } of rounds)
      for (const { throughput, latency } of turns) {
        expect(throughput?.callsPerSecond).toBeGreaterThan(0);
        expect(throughput?.primaryCpuUs).toBeGreaterThan(0);
        expect(latency?.latencies.p50).toBeGreaterThan(0);
      }
    expect(streams.map(({ variant }) => variant)).toEqual(['bare', 'stream concurrent']);
    for (const { turns } of streams)
      for (const { one, many, roundTrip } of turns) {
        expect(one.callsPerSecond).toBeGreaterThan(0);
        expect(many.callsPerSecond).toBeGreaterThan(0);
        expect(roundTrip.latencies.p50).toBeGreaterThan(0);
      }
    expect(machine.node).toBe(process.version);
  });

  it('measures full load beside other work, large messages and idle groups', async () => {
    const file = join(dir, 'others.json');
    const sections = ['--only', 'throughput,large,idle', '--disturbed', '--large-mib', '1', '--sessions', '2'];
    expect(
      await exitOf(bench(...sections, '--variants', 'stream-concurrent', ...SHORT, ...HEARTBEATS, '--json', file)),
    ).toBe(0);
    const { rounds = [], large = [], idle = [] } = JSON.parse(readFileSync(file, 'utf8')) as BenchReport;
    for (const { turns } of rounds)
      for (const { throughput, busy } of turns) {
        expect(throughput?.callsPerSecond).toBeGreaterThan(0);
        expect(busy?.callsPerSecond).toBeGreaterThan(0);
        expect(busy?.otherCores).toBeGreaterThan(0);
      }
    expect(large.map(({ calls, mib, side }) => `${calls} × ${mib} ${side}`)).toEqual([
      '100 × 1 requests',
      '100 × 1 replies',
    ]);
    for (const { rows } of large)
      for (const { turns } of rows)
        for (const { meanwhile, clientMemory } of turns) {
          expect(meanwhile.count).toBeGreaterThan(0);
          expect(clientMemory).toBeGreaterThan(0);
        }
    expect(idle.map(({ sessions }) => sessions)).toEqual([2]);
    expect(idle[0]?.turns[0]?.flows.clientToPrimary.messages).toBeGreaterThan(0);
  });

  it('exits with 2 when its arguments make no sense', async () => {
    expect(await exitOf(bench('--rounds', '0'))).toBe(2);
    expect(await exitOf(bench('--only', 'everything'))).toBe(2);
  });

  it('breaks the lines of its help only where the next word would not fit', () => {
    const help = execFileSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' });
    const [, description = ''] = help.split('\n\n');
    const lines = description.split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const [index, line] of lines.slice(0, -1).entries()) {
      const [nextWord = ''] = (lines[index + 1] ?? '').split(' ');
      expect(`${line} ${nextWord}`.length).toBeGreaterThan(HELP_WIDTH);
    }
  });

  it('leaves no process behind when it is interrupted', async () => {
    const child = bench('--only', 'failover', '--failovers', '1000');
    const children = await someChildren(child);
    child.kill('SIGINT');
    expect(await exitOf(child)).toBe(130);
    expect(children.filter(runs)).toEqual([]);
  });

  it('leaves no process behind when it is killed', async () => {
    const child = bench('--only', 'failover', '--failovers', '1000');
    const children = await someChildren(child);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(children.filter(runs)).toEqual([]), { timeout: HANG_MS });
  });
});
