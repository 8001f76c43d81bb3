import { describe, expect, it } from 'vitest';
import type { RunResult } from '../run.js';
import { batches, seedAfter } from './batches.js';
import type { ManyOptions } from './options.js';
import { LineProgress } from './progress.js';
import { briefly, durationOf, modesTable, summaryJson, summaryOf } from './summary.js';
import { LISTED_MAX, Tally } from './tally.js';

const OPTIONS: ManyOptions = {
  seeds: 3,
  from: 5n,
  workers: 1,
  bail: false,
  json: false,
  limits: {},
  repeat: ' --drift beyond',
};

const resultOf = (seed: bigint, reason?: string): RunResult => ({
  seed,
  mode: 'semi-active, direct, concurrent, stream',
  ending: reason === undefined ? 'whole' : 'violated',
  steps: 10,
  operations: 2,
  virtualMs: 1500,
  reason,
  undecided: 1,
});

describe('a tally', () => {
  it('keeps the violations of the lowest seeds, in whatever order they arrive, and counts the rest', () => {
    const last = 2n ** 64n - 1n;
    const tally = new Tally(last);
    for (let i = LISTED_MAX; i >= 0; i--) tally.add(resultOf(seedAfter(last, i), `bad ${i}`));
    expect(tally.violated).toBe(LISTED_MAX + 1);
    expect(tally.violations.map(({ seed }) => seed)).toEqual([
      last,
      ...Array.from({ length: 19 }, (_, i) => BigInt(i)),
    ]);
  });
});

describe('the summary', () => {
  it('names each violation, with the command that replays it', () => {
    const tally = new Tally(5n);
    tally.add(resultOf(5n));
    tally.add(resultOf(6n, 'reply to "m1"\nis lost'));
    tally.fail({ seed: 7n, reason: 'hangs' });
    expect(summaryOf(tally, OPTIONS, 2000)).toBe(`seeds 5 to 7: 2 runs in 2.0 s, 1/s
3.0 s of virtual time, 20 steps, 4 operations
2 checks for linearizability left undecided: too long

semi-active                     whole  blocked  unavailable  violated
  direct  concurrent  stream        1        0            0         1
all                                 1        0            0         1

1 run violated:
  seed 6: reply to m1
    npm run simulate -- --seed 6 --trace --drift beyond

1 run without a result:
  seed 7: hangs
    npm run simulate -- --seed 7 --trace --drift beyond
`);
  });

  it('of a run that was interrupted tells how many seeds were played', () => {
    const tally = new Tally(5n);
    tally.add(resultOf(5n));
    expect(summaryOf(tally, OPTIONS, 2000)).toMatch(/^1 of 3 seeds from 5 on: 1 runs/);
  });

  it('keeps all digits of large seeds in JSON', () => {
    const tally = new Tally(5n);
    tally.add(resultOf(2n ** 64n - 1n, 'bad'));
    expect(JSON.parse(summaryJson(tally, OPTIONS, 1))).toMatchObject({
      from: '5',
      violated: 1,
      violations: [{ seed: '18446744073709551615', reason: 'bad' }],
    });
  });

  it('has a table of modes that fits a terminal of 80 columns', () => {
    const tally = new Tally(0n);
    for (const replication of ['semi-active', 'passive'])
      tally.add({ ...resultOf(1n), mode: `${replication}, destination, acknowledged, stream` });
    const lines = modesTable(tally.byMode);
    expect(lines).toHaveLength(5);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[0]?.length).toBeLessThanOrEqual(80);
  });

  it('shortens a long reason to one line', () => {
    expect(briefly({ seed: 1n, reason: 'x'.repeat(200) })).toMatch(/^seed 1: x+…$/);
    expect(briefly({ seed: 1n, reason: 'x'.repeat(200) })).toHaveLength(78);
  });

  it.each([
    [900, '0.9 s'],
    [90_000, '1.5 min'],
    [5_400_000, '1.5 h'],
    [129_600_000, '1.5 d'],
  ])('prints a duration of %d ms as %s', (ms, text) => expect(durationOf(ms)).toBe(text));
});

describe('batches', () => {
  it.each([
    [50, 2],
    [1, 8],
    [1000, 3],
  ])('of %d seeds for %d workers hold each seed once, in order, also across the end of 64 bits', (seeds, workers) => {
    const from = 2n ** 64n - 3n;
    const played = [...batches(from, seeds, workers)].flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, i) => seedAfter(first, i)),
    );
    expect(played).toEqual(Array.from({ length: seeds }, (_, i) => seedAfter(from, i)));
  });
});

describe('progress without a terminal', () => {
  it('is one line every ten percent', () => {
    const lines: string[] = [];
    const progress = new LineProgress((line) => lines.push(line), 40);
    for (let done = 1; done <= 9; done++) progress.update(done);
    expect(lines).toEqual([' 10%  4/40', ' 20%  8/40']);
  });
});
