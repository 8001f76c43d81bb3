/** Measures the memory of this process. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** The memory of a process. */
export interface Memory {
  /** Size of the live objects and their buffers. */
  readonly liveBytes: number;
  readonly rssBytes: number;
}

/** Measures the memory in use. Collects garbage first if node was started with `--expose-gc`. */
export async function memoryInUse(): Promise<Memory> {
  if (globalThis.gc !== undefined) {
    globalThis.gc();
    // Node counts the memory of buffers as free only after their collection has ended, one turn later.
    await nextTurn();
    globalThis.gc();
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { liveBytes: heapUsed + arrayBuffers, rssBytes: rss };
}
