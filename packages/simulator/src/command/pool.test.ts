import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { batches } from './batches.js';
import { playBatches } from './pool.js';

/** A worker that answers with bare seeds, except where the code in `at` does something else. */
const workerThat = (at: string) => () =>
  new Worker(
    `const { parentPort } = require('node:worker_threads');
     parentPort.on('message', ({ first, count }) => {
       for (let seed = first; seed < first + BigInt(count); seed++) {
         ${at}
         parentPort.postMessage({ seed });
       }
     });`,
    { eval: true },
  );

/** Far longer than a worker takes to start on a busy machine. */
const HANG_MS = 5_000;

async function play(at: string, seeds: number, stopAt?: bigint) {
  const results: bigint[] = [];
  const failures: string[] = [];
  const stop = new AbortController();
  await playBatches({
    start: workerThat(at),
    workers: 2,
    batches: batches(1n, seeds, 2),
    hangMs: HANG_MS,
    signal: stop.signal,
    onResult: ({ seed }) => {
      results.push(seed);
      if (seed === stopAt) stop.abort();
    },
    onFailure: ({ seed, reason }) => failures.push(`${seed} ${reason}`),
  });
  return { results: results.sort((a, b) => Number(a - b)), failures };
}

const seedsTo = (last: number) => Array.from({ length: last }, (_, i) => BigInt(i + 1));

describe('workers', () => {
  it('play every seed exactly once', async () => {
    expect(await play('', 100)).toEqual({ results: seedsTo(100), failures: [] });
  });

  it.each([
    ["if (seed === 18n) throw new Error('out of luck');", 'its worker died: out of luck'],
    ['if (seed === 18n) process.exit(3);', 'its worker ended with status 3'],
    ['while (seed === 18n);', 'hangs: no end within 5 s'],
  ])('that fail at one seed lose only that seed: %s', async (at, reason) => {
    const { results, failures } = await play(at, 40);
    expect(failures).toEqual([`18 ${reason}, with seeds 18 to 20 to play`]);
    expect(results).toEqual(seedsTo(40).filter((seed) => seed !== 18n));
  });

  it('that fail at every seed end the whole run', async () => {
    const { results, failures } = await play("throw new Error('broken');", 1000);
    expect(results).toEqual([]);
    expect(failures.length).toBeGreaterThanOrEqual(20);
    expect(failures.length).toBeLessThan(25);
  });

  it('end when the run is aborted, even a worker that is in the middle of a seed', async () => {
    const { results, failures } = await play('while (seed === 3n);', 1000, 2n);
    expect(results).not.toContain(3n);
    expect(failures).toEqual([]);
  });
});
