/** Timers that an instance set outside of steps. They fire only when the check says so. */
import { callSite } from '@understudy/context';

/** Shorter waits are real: a service may need one before it can be used. */
export const HELD_FROM_MS = 1_000;

export class HeldTimer {
  readonly delayMs: number;
  /** Where the timer was set, `file:line`. */
  readonly site = callSite();
  readonly repeats: boolean;
  readonly #owner: HeldTimers;
  readonly #run: () => void;

  constructor(owner: HeldTimers, run: () => void, delayMs: number, repeats: boolean) {
    this.#owner = owner;
    this.#run = run;
    this.delayMs = delayMs;
    this.repeats = repeats;
  }

  fire(): void {
    if (!this.repeats) this.close();
    this.#run();
  }

  close(): this {
    this.#owner.drop(this);
    return this;
  }

  refresh(): this {
    this.#owner.keep(this);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export class HeldTimers {
  readonly #armed = new Set<HeldTimer>();
  readonly #within: (run: () => void) => void;

  /** @param within runs code as code of the instance */
  constructor(within: (run: () => void) => void) {
    this.#within = within;
  }

  set(run: () => void, delayMs: number, repeats: boolean): HeldTimer {
    const timer = new HeldTimer(this, run, delayMs, repeats);
    this.#armed.add(timer);
    return timer;
  }

  get armed(): readonly HeldTimer[] {
    return [...this.#armed];
  }

  keep(timer: HeldTimer): void {
    this.#armed.add(timer);
  }

  drop(timer: HeldTimer): void {
    this.#armed.delete(timer);
  }

  fire(timer: HeldTimer): void {
    this.#within(() => timer.fire());
  }

  /** Fires the timers that do not repeat, since something waits for one of them. */
  fireOnceOnly(): void {
    for (const timer of this.armed) if (!timer.repeats) this.fire(timer);
  }
}
