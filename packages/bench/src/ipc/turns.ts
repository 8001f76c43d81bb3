/** Measures how long a process holds its event loop: by how much a timer that is due every millisecond is late. */
import { readFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { monotonicMs } from './clock.js';
import type { Turns } from './commands.js';

const EVERY_MS = 1;
/** A turn longer than this counts as long, because calls to the process wait for it. */
const LONG_MS = 10;
/** Linux counts the nanoseconds for which a thread had a processor; a process's first thread has its number. */
const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;

/**
 * The time for which this thread had a processor. On a machine with other work a turn takes longer, and the rest
 * belongs to other processes.
 */
function ownCpuMs(): number {
  try {
    return Number(readFileSync(SCHEDSTAT, 'latin1').split(' ', 1)[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
}

const NONE: Turns = { longestMs: 0, longestOwnMs: 0, longOwn: 0, longestGcMs: 0 };

/** Watches the turns of this process's event loop, from the first call of `take`. */
export class TurnWatch {
  #timer: NodeJS.Timeout | undefined;
  #since = NONE;

  /** @returns the turns since the last call */
  take(): Turns {
    this.#timer ??= this.#begin();
    const taken = this.#since;
    this.#since = NONE;
    return taken;
  }

  #begin(): NodeJS.Timeout {
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#note({ longestGcMs: duration });
    }).observe({ entryTypes: ['gc'] });
    let atMs = monotonicMs();
    let cpuMs = ownCpuMs();
    return setInterval(() => {
      const [nowMs, nowCpuMs] = [monotonicMs(), ownCpuMs()];
      this.#note({ longestMs: nowMs - atMs, longestOwnMs: nowCpuMs - cpuMs });
      [atMs, cpuMs] = [nowMs, nowCpuMs];
    }, EVERY_MS).unref();
  }

  #note({ longestMs = 0, longestOwnMs = 0, longestGcMs = 0 }: Partial<Turns>): void {
    const since = this.#since;
    this.#since = {
      longestMs: Math.max(since.longestMs, longestMs),
      longestOwnMs: Math.max(since.longestOwnMs, longestOwnMs),
      longOwn: since.longOwn + (longestOwnMs > LONG_MS ? 1 : 0),
      longestGcMs: Math.max(since.longestGcMs, longestGcMs),
    };
  }
}
