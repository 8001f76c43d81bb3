/** Searches on several threads. */
import { Worker } from 'node:worker_threads';
import type { Bound } from '../search/children.js';
import type { Summary } from '../search/explore.js';
import type { Mode } from '../window/scenario.js';

/** The number of parts of the search in one mode. Many, so that no thread is idle for long at the end. */
const PARTS = 8;

export interface Task {
  readonly mode: Mode;
  readonly operations: number;
  readonly bound: Bound;
  readonly part: { readonly index: number; readonly of: number };
}

export const tasksOf = (modes: readonly Mode[], operations: number, bound: Bound): Task[] =>
  modes.flatMap((mode) =>
    Array.from({ length: PARTS }, (_, index) => ({ mode, operations, bound, part: { index, of: PARTS } })),
  );

/** Runs all tasks on threads. Resolves when the last task is done; rejects if a thread fails. */
export async function runAll(
  tasks: readonly Task[],
  jobs: number,
  onDone: (task: Task, summary: Summary) => void,
): Promise<void> {
  const waiting = [...tasks];
  const one = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift())
        onDone(task, await answerOf(worker, task));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, one));
}

function answerOf(worker: Worker, task: Task): Promise<Summary> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.postMessage(task);
  });
}
