/** Counts effects, and makes processes crash after a number of them. */
import type { Host } from '../../hosts/host.js';
import type { Schedule } from '../search/schedule.js';

/** A number of effects that no process reaches in a window. */
const MANY = 1_000_000;

/**
 * Counts the effects of each process in the window. It uses and sets the counter that makes the process crash.
 */
export class Effects {
  readonly #hosts: readonly Host[];
  /** For each process, the number of effects after which it crashes next. */
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

  /** Call this before the first step. */
  begin(): void {
    this.#hosts.forEach((host, h) => {
      if (this.#planned[h]?.[0] === 0) {
        this.#planned[h]?.shift();
        host.crash();
      }
    });
    this.arm();
  }

  /** Call this after each step. A process that crashed and runs again is counted again. */
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

  /** Returns the number of effects so far of each process. */
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
