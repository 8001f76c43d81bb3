/** The functions that handlers gave to `setTimeout` and the like, until their time comes. */
import { handle } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';
import { type NestedId, TIMERS_MAX } from '@understudy/core/internal';
import type { EventLoop } from '../loop/event-loop.js';
import type { HandlerRun } from './handler-run.js';

/** A function whose time comes at a place in the order. */
export interface TimerFunction {
  readonly id: NestedId;
  readonly run: HandlerRun;
  readonly call: () => void;
  readonly delayMs: number;
  readonly repeats: boolean;
}

/** The timer functions of one life of a replica. */
export class TimerFunctions {
  readonly #loop: EventLoop;
  readonly #functions = new Map<string, TimerFunction>();

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  get size(): number {
    return this.#functions.size;
  }

  /** @throws UNDERSTUDY_OVERLOADED if too many are armed, on all replicas alike */
  set(timer: TimerFunction): void {
    const { id, delayMs, repeats } = timer;
    const key = keyOf(id);
    if (!this.#functions.has(key)) {
      if (this.#functions.size >= TIMERS_MAX) {
        const reason = `${TIMERS_MAX} timers of handlers are armed already; clear those that are not needed, or use replica.every()`;
        throw new UnderstudyError('UNDERSTUDY_OVERLOADED', reason);
      }
      this.#functions.set(key, timer);
      timer.run.open++;
    }
    const dueMs = (timer.run.values.timeMs ?? 0) + delayMs;
    this.#loop.dispatch({ kind: 'timerSet', timer: { kind: 'raw', id, delayMs, repeats, dueMs } });
  }

  clear(id: NestedId): void {
    if (this.#forget(id)) this.#loop.dispatch({ kind: 'timerCleared', id });
  }

  has(id: NestedId): boolean {
    return this.#functions.has(keyOf(id));
  }

  /** Takes the function whose time has come; one that repeats stays. @returns undefined if no handler here has armed it */
  take(id: NestedId): TimerFunction | undefined {
    const timer = this.#functions.get(keyOf(id));
    if (timer !== undefined && !timer.repeats) this.#forget(id);
    return timer;
  }

  /** Forgets all functions, because this life is over. */
  close(): void {
    for (const { run } of this.#functions.values()) run.open--;
    this.#functions.clear();
  }

  #forget(id: NestedId): boolean {
    const timer = this.#functions.get(keyOf(id));
    if (timer === undefined) return false;
    timer.run.open--;
    return this.#functions.delete(keyOf(id));
  }
}

/** Runs a function in a tick of its own, so that its results do not depend on the caller's place. */
export const runTimer = ({ run, call }: TimerFunction): void => handle(run, () => process.nextTick(call));

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;
