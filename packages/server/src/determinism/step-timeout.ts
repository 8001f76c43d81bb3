import type { Agenda, StepTimer } from '@understudy/context';

/** Timeouts whose numbers were asked for, by number: `clearTimeout` takes those too. */
const named = new Map<number, WeakRef<StepTimeout>>();
const NAMED_MAX = 10_000;

/** The timeout with this number, as `clearTimeout` may be given it. */
export function timeoutNamed(timer: unknown): StepTimeout | undefined {
  if (named.size === 0 || (typeof timer !== 'number' && typeof timer !== 'string')) return undefined;
  return named.get(Number(timer))?.deref();
}

/** What `setTimeout` returns in a step, with the methods of Node's `Timeout`. */
export class StepTimeout {
  readonly #timer: StepTimer;

  private constructor(timer: StepTimer) {
    this.#timer = timer;
  }

  /** @returns undefined if a real timer is right */
  static arm(agenda: Agenda, run: () => void, delayMs: number, repeats: boolean): StepTimeout | undefined {
    const timer = agenda.timer(run, delayMs, repeats);
    return timer && new StepTimeout(timer);
  }

  static soon(agenda: Agenda, run: () => void): StepTimeout | undefined {
    const timer = agenda.soon(run);
    return timer && new StepTimeout(timer);
  }

  /** Does nothing: whether a process may end does not depend on what its handlers wait for. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    this.#timer.refresh();
    return this;
  }

  close(): this {
    this.#timer.clear();
    return this;
  }

  [Symbol.toPrimitive](): number {
    const { id } = this.#timer;
    if (named.size >= NAMED_MAX) named.delete(named.keys().next().value as number);
    named.set(id, new WeakRef(this));
    return id;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
