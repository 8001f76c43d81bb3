/** Plays many seeds on several threads. */
import { setMaxListeners } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { RunResult } from '../run.js';
import { type Batch, seedAfter } from './batches.js';
import type { Failure } from './tally.js';

/** This many seeds without a result mean a defect of the simulator, and further seeds would only repeat it. */
const FAILURES_MAX = 20;

export interface PoolOptions {
  /** Starts a worker that answers each seed of a `Batch` that it gets, in order, with a `RunResult`. */
  readonly start: () => Worker;
  readonly workers: number;
  readonly batches: Iterator<Batch, void>;
  /** A seed that takes longer counts as failed. */
  readonly hangMs: number;
  readonly onResult: (result: RunResult) => void;
  readonly onFailure: (failure: Failure) => void;
  /** Ends the run with the results so far. */
  readonly signal: AbortSignal;
}

/**
 * Hands batches to workers until none are left. If a worker dies or hangs, only its present seed is lost: another
 * worker plays the rest of the batch.
 */
export async function playBatches(options: PoolOptions): Promise<void> {
  const { batches, workers, onFailure } = options;
  const enough = new AbortController();
  const signal = AbortSignal.any([options.signal, enough.signal]);
  setMaxListeners(workers, signal);
  let failures = 0;
  const lane = async (): Promise<void> => {
    let rest: Batch | undefined;
    while (!signal.aborted) {
      const next = rest ?? nextOf(batches);
      if (next === undefined) return;
      const failed = await playUntilFailure({ ...options, signal }, next);
      if (failed === undefined) return;
      onFailure({ seed: failed.batch.first, reason: failed.reason });
      if (++failures === FAILURES_MAX) enough.abort();
      const { first, count } = failed.batch;
      rest = count > 1 ? { first: seedAfter(first, 1), count: count - 1 } : undefined;
    }
  };
  await Promise.all(Array.from({ length: workers }, lane));
}

interface Failed {
  /** The seeds that were not played. The first one is the seed that failed. */
  readonly batch: Batch;
  readonly reason: string;
}

/** Runs one worker. @returns the seeds that a failed worker left over; undefined if it did not fail */
async function playUntilFailure(options: PoolOptions, firstBatch: Batch): Promise<Failed | undefined> {
  const { batches, hangMs, onResult, signal } = options;
  const worker = options.start();
  let watchdog: NodeJS.Timeout | undefined;
  let onAbort = (): void => {};
  try {
    return await new Promise<Failed | undefined>((resolve) => {
      let batch = firstBatch;
      const fail = (reason: string): void => {
        const last = seedAfter(batch.first, batch.count - 1);
        resolve({ batch, reason: `${reason}, with seeds ${batch.first} to ${last} to play` });
      };
      watchdog = setTimeout(() => fail(`hangs: no end within ${hangMs / 1000} s`), hangMs);
      onAbort = () => resolve(undefined);
      signal.addEventListener('abort', onAbort);
      worker.on('message', (result: RunResult) => {
        if (signal.aborted) return;
        watchdog?.refresh();
        onResult(result);
        batch = { first: seedAfter(batch.first, 1), count: batch.count - 1 };
        if (batch.count > 0) return;
        const next = nextOf(batches);
        if (next === undefined) return resolve(undefined);
        batch = next;
        worker.postMessage(batch);
      });
      // An error may overtake results that were sent before it. All of them have come when the worker exits.
      let death: string | undefined;
      worker.on('error', (error) => {
        death = `its worker died: ${error.message}`;
      });
      worker.on('exit', (code) => fail(death ?? `its worker ended with status ${code}`));
      worker.postMessage(batch);
    });
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

function nextOf(batches: Iterator<Batch, void>): Batch | undefined {
  const next = batches.next();
  return next.done === true ? undefined : next.value;
}
