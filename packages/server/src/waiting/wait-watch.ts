/** Reports what a replica waits for, so that no wait is silent. */
import { monotonicMs } from '@understudy/context';
import type { Logger } from '@understudy/core';

const LOOK_EVERY_MS = 250;
/** Shorter waits are a part of finding the coordinator and of failing over. */
const FIRST_AFTER_MS = 1000;
const AGAIN_AFTER_MS = 10_000;

export interface Waits {
  /** Why the replica waits, in a sentence; undefined if it does not. */
  readonly why: () => string | undefined;
  /** Whether it has read the group's record and has not joined the group. */
  readonly joins: () => boolean;
  readonly logger: Logger;
  /** Called at every look. */
  readonly onLook: () => void;
}

/**
 * Warns when a wait has lasted a second, when its reason changes, and every ten seconds. A replica that starts and knows
 * whom it waits for says so at once: only an operator may be able to end that.
 */
export class WaitWatch {
  readonly #waits: Waits;
  readonly #timer: NodeJS.Timeout;
  #sinceMs: number | undefined;
  #said: string | undefined;
  #saidMs = 0;
  #hasJoined = false;

  constructor(waits: Waits) {
    this.#waits = waits;
    this.#timer = setInterval(() => this.look(monotonicMs()), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  look(nowMs: number): void {
    this.#waits.onLook();
    const why = this.#waits.why();
    if (why === undefined) {
      this.#hasJoined = true;
      if (this.#said !== undefined) this.#waits.logger.log('info', 'this replica waits no longer', {});
      this.#sinceMs = undefined;
      this.#said = undefined;
      return;
    }
    this.#sinceMs ??= nowMs;
    const isFirst = !this.#hasJoined && this.#waits.joins();
    if (!isFirst && nowMs - this.#sinceMs < FIRST_AFTER_MS) return;
    if (why === this.#said && nowMs - this.#saidMs < AGAIN_AFTER_MS) return;
    this.#said = why;
    this.#saidMs = nowMs;
    this.#waits.logger.log('warn', 'this replica waits', { why, forMs: Math.round(nowMs - this.#sinceMs) });
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
