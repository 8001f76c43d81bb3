import type { Host } from '../../hosts/host.js';
import type { Schedule } from '../search/schedule.js';

/** More effects than any process has in a window. */
const MANY = 1_000_000;

/**
 * Counts each process's effects in the window, by the same counter that makes the process crash, and sets that counter.
 */
export class Effects {
  readonly #hosts: readonly Host[];
  /** By process, after how many effects it is to crash next. */
  readonly #planned: number[][];
  readonly #before: number[];
  readonly #armedFor: number[];

  constructor(hosts: readonly Host[], schedule: Schedule) {
    this.#hosts = hosts;
    this.#planned = hosts.map(({ name }) =>
      schedule.flatMap((one) => (one.kind === 'crash' && one.host === name ? one.effects : [])).sort((a, b) => a - b),
    );
    this.#before = hosts.map(() => 0);
    this.#armedFor = hosts.map(() => 0);
  }

  /** Before the first step. */
  begin(): void {
    this.#hosts.forEach((host, h) => {
      if (this.#planned[h]?.[0] === 0) {
        this.#planned[h]?.shift();
        host.crash();
      }
    });
    this.arm();
  }

  /** After each step: a process that crashed and runs again is counted again. */
  arm(): void {
    this.#hosts.forEach((host, h) => {
      if (host.crashesAfter !== Number.POSITIVE_INFINITY) return;
      this.#before[h] = (this.#before[h] ?? 0) + (this.#armedFor[h] ?? 0);
      this.#armedFor[h] = 0;
      if (!host.alive) return;
      const due = this.#planned[h]?.shift();
      const left = due === undefined ? MANY : due - (this.#before[h] ?? 0);
      this.#armedFor[h] = left;
      host.crashesAfter = left - 1;
    });
  }

  /** By process, its effects in the window so far. */
  counts(): number[] {
    return this.#hosts.map(({ crashesAfter }, h) => {
      const before = this.#before[h] ?? 0;
      const armed = this.#armedFor[h] ?? 0;
      return crashesAfter === Number.POSITIVE_INFINITY ? before + armed : before + armed - 1 - crashesAfter;
    });
  }

  disarm(): void {
    for (const host of this.#hosts) host.crashesAfter = Number.POSITIVE_INFINITY;
  }
}
