import { setImmediate as nextTurn } from 'node:timers/promises';

/** What a process holds, in bytes. */
export interface Memory {
  /** Live objects, and the buffers that they hold. */
  readonly liveBytes: number;
  readonly rssBytes: number;
}

/** Collects garbage first if node was started with `--expose-gc`. */
export async function memoryInUse(): Promise<Memory> {
  if (globalThis.gc !== undefined) {
    globalThis.gc();
    // The memory of buffers is counted as free only when their collection has come to its end.
    await nextTurn();
    globalThis.gc();
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { liveBytes: heapUsed + arrayBuffers, rssBytes: rss };
}
