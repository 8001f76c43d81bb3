/** Plays many seeds and prints a summary. */
import { Worker } from 'node:worker_threads';
import { batches } from './batches.js';
import { interruption } from './interruption.js';
import type { ManyOptions } from './options.js';
import type { Output } from './output.js';
import { playBatches } from './pool.js';
import { progressOn } from './progress.js';
import { briefly, summaryJson, summaryOf } from './summary.js';
import { LISTED_MAX, Tally } from './tally.js';

/** The real time that a seed may take. The longest of ten thousand runs takes a fraction of a second. */
const HANG_MS = 30_000;

/** @returns the exit code */
export async function simulateMany(options: ManyOptions, output: Output): Promise<number> {
  const { seeds, from, limits, bail, json } = options;
  const workers = Math.min(options.workers, seeds);
  output.err(`${seeds} seeds from ${from} on, ${workers} workers${options.repeat}\n`);
  const tally = new Tally(from);
  const progress = progressOn(process.stderr, seeds);
  const bailing = new AbortController();
  const interrupted = interruption();
  const tell = (found: number, line: string): void => {
    if (found <= LISTED_MAX) progress.note(line);
    if (bail) bailing.abort();
  };
  const beganMs = performance.now();
  await playBatches({
    start: () => new Worker(new URL('./worker.js', import.meta.url), { workerData: limits }),
    workers,
    batches: batches(from, seeds, workers),
    hangMs: HANG_MS,
    signal: AbortSignal.any([bailing.signal, interrupted]),
    onResult: (result) => {
      tally.add(result);
      if (result.reason !== undefined) tell(tally.violated, briefly({ seed: result.seed, reason: result.reason }));
      progress.update(tally.runs + tally.failed);
    },
    onFailure: (failure) => {
      tally.fail(failure);
      tell(tally.failed, briefly(failure));
    },
  });
  progress.end();
  const realMs = performance.now() - beganMs;
  output.out(json ? summaryJson(tally, options, realMs) : `\n${summaryOf(tally, options, realMs)}`);
  if (tally.violated + tally.failed > 0) return 1;
  return interrupted.aborted ? 130 : 0;
}
