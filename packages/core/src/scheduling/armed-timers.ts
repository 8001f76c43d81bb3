/** The timers of a group: armed by handlers on every replica that executes, ordered by the primary when they are due. */

import type { ArmedSnapshot, Checkpoint } from '../model/checkpoint.js';
import type { NestedId } from '../model/nested.js';
import { DueQueue } from './due-queue.js';

/** How many timers of either kind may be armed at once. A further one is refused on all replicas alike. */
export const TIMERS_MAX = 65_536;
/** The most bytes of timers that are data. Every replica keeps them, and every checkpoint has them. */
const DATA_MAX_BYTES = 64 * 1024 * 1024;
/** What such a timer takes beside its name and its payload. */
const OVERHEAD_BYTES = 64;

/** How many entries may wait for nothing before they are removed. */
const SPARE = 1024;

/** Two clocks are read one after the other, so a timer that was armed later may seem to be due this much earlier. */
const TOLERANCE_MS = 1;

interface Armed {
  /** Named by the place where it was armed, as nested calls are. */
  readonly id: NestedId;
  /** When it is due, in the order's time. */
  readonly dueMs: number;
  /** The time from its arming until it is due. */
  readonly delayMs: number;
}

/** A timer that a handler armed. */
export type Timer =
  /** The handler gave a function to `setTimeout`, or to `setInterval` if it repeats. */
  | (Armed & { readonly kind: 'raw'; readonly repeats: boolean })
  | (Armed & { readonly kind: 'after'; readonly name: string; readonly payload: Uint8Array });

interface ArmedEntry {
  readonly timer: Timer;
  /** When it is due on this replica's clock for timers. */
  readonly dueAtMs: number;
  /** At the primary: its message waits for a place in the order, or has one that is not processed yet. */
  queued: boolean;
}

/** How much timers that are data hold. */
export interface ArmedData {
  readonly count: number;
  readonly bytes: number;
}

/** @returns what `armed` becomes with one more, or why that cannot be, in a sentence */
export function withOneMore({ count, bytes }: ArmedData, name: string, payloadBytes: number): ArmedData | string {
  const more = { count: count + 1, bytes: bytes + bytesOf(name, payloadBytes) };
  if (more.count <= TIMERS_MAX && more.bytes <= DATA_MAX_BYTES) return more;
  const full =
    more.count > TIMERS_MAX
      ? `${TIMERS_MAX} timers of after() are armed already`
      : `the payloads of timers of after() would take more than ${DATA_MAX_BYTES} bytes`;
  return `${full}; cancel() those that are not needed, or keep what is due in the state, and look through it in replica.every()`;
}

const bytesOf = (name: string, payloadBytes: number): number => OVERHEAD_BYTES + name.length + payloadBytes;

/** The armed timers of one replica. Those that execute all know the same ones. */
export class ArmedTimers {
  readonly #entries = new Map<string, ArmedEntry>();
  readonly #due = new DueQueue<ArmedEntry>();
  /** For timers registered with `every`: when each was processed last, or began, in the order's time. */
  readonly #fired = new Map<string, number>();
  #raw = 0;
  #hadRaw = false;
  #dataBytes = 0;

  /** Timers whose functions only this process has, so that no checkpoint can include them. */
  get raw(): number {
    return this.#raw;
  }

  /** Whether any such timer was armed in this life. */
  get hadRaw(): boolean {
    return this.#hadRaw;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What timers hold that are data. */
  get data(): ArmedData {
    return { count: this.#entries.size - this.#raw, bytes: this.#dataBytes };
  }

  /**
   * Arms a timer, or arms one anew.
   *
   * @param nowMs this replica's clock for timers
   * @param wallMs its wall clock for orders, by which a timer may be late if it was armed a while ago; undefined for one that is
   *   armed now
   */
  set(timer: Timer, nowMs: number, wallMs: number | undefined): void {
    this.clear(timer.id);
    const leftMs = Math.min(Math.max(timer.dueMs - (wallMs ?? 0), 0), timer.delayMs);
    this.#enter(timer, nowMs + leftMs);
    if (timer.kind !== 'raw') {
      this.#dataBytes += bytesOf(timer.name, timer.payload.length);
      return;
    }
    this.#raw++;
    this.#hadRaw = true;
  }

  /** The primary did not order a timer that was due: it is due again then, by its clock for timers. */
  putOff(id: NestedId, dueAtMs: number): void {
    const timer = this.get(id);
    if (timer !== undefined) this.#enter(timer, dueAtMs);
  }

  clear(id: NestedId): void {
    const entry = this.#entries.get(keyOf(id));
    if (entry === undefined) return;
    this.#entries.delete(keyOf(id));
    if (entry.timer.kind === 'raw') this.#raw--;
    else this.#dataBytes -= bytesOf(entry.timer.name, entry.timer.payload.length);
  }

  get(id: NestedId): Timer | undefined {
    return this.#entries.get(keyOf(id))?.timer;
  }

  /** Takes the timers that are due, at the primary. Each is returned once. */
  takeDue(nowMs: number): Timer[] {
    const timers: Timer[] = [];
    for (const entry of this.#due.take(nowMs + TOLERANCE_MS)) {
      if (!this.#isArmed(entry)) continue;
      entry.queued = true;
      timers.push(entry.timer);
    }
    return timers.sort((a, b) => a.dueMs - b.dueMs);
  }

  /** When the next timer is due on this replica's clock for timers; infinite if none is armed. */
  get nextMs(): number {
    for (;;) {
      const entry = this.#due.first;
      if (entry === undefined) return Number.POSITIVE_INFINITY;
      if (this.#isArmed(entry)) return entry.dueAtMs;
      this.#due.drop();
    }
  }

  lastFired(name: string): number | undefined {
    return this.#fired.get(name);
  }

  fired(name: string, timeMs: number): void {
    this.#fired.set(name, timeMs);
  }

  /** A repeating timer began, unless it had begun before. */
  began(name: string, timeMs: number): void {
    if (!this.#fired.has(name)) this.#fired.set(name, timeMs);
  }

  snapshot(): Pick<Checkpoint, 'armed' | 'fired'> {
    const armed: ArmedSnapshot[] = [];
    for (const { timer } of this.#entries.values()) {
      if (timer.kind !== 'after') continue;
      const { kind: _, ...snapshot } = timer;
      armed.push(snapshot);
    }
    return { armed, fired: [...this.#fired].map(([name, lastMs]) => ({ name, lastMs })) };
  }

  /** Takes the timers of a checkpoint in place of all others. */
  restore({ armed, fired }: Pick<Checkpoint, 'armed' | 'fired'>, nowMs: number, wallMs: number): void {
    this.#entries.clear();
    this.#raw = 0;
    this.#dataBytes = 0;
    this.#fired.clear();
    for (const { name, lastMs } of fired) this.#fired.set(name, lastMs);
    for (const timer of armed) this.set({ kind: 'after', ...timer }, nowMs, wallMs);
  }

  #enter(timer: Timer, dueAtMs: number): void {
    const entry = { timer, dueAtMs, queued: false };
    this.#entries.set(keyOf(timer.id), entry);
    this.#due.add(entry, dueAtMs);
    // Timers that are armed for long and cleared soon must not be kept until they would have been due.
    if (this.#due.size > 2 * this.#entries.size + SPARE) this.#due.keep((one) => this.#isArmed(one));
  }

  #isArmed(entry: ArmedEntry): boolean {
    return !entry.queued && this.#entries.get(keyOf(entry.timer.id)) === entry;
  }
}

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;
