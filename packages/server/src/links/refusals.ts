import { monotonicMs } from '@understudy/context';
import type { Logger, LogLevel } from '@understudy/core';

const SAME_WITHIN_MS = 10_000;
const REASONS_MAX = 64;

type Fields = Parameters<Logger['log']>[2];

/** Logs refused links. Strangers open as many as they like, so the same refusal is logged once in ten seconds. */
export class Refusals {
  readonly #logger: Logger;
  readonly #last = new Map<string, { atMs: number; unlogged: number }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(level: LogLevel, event: string, fields: Fields): void {
    const nowMs = monotonicMs();
    const key = `${event} ${fields.reason}`;
    const last = this.#last.get(key);
    if (last !== undefined && nowMs - last.atMs < SAME_WITHIN_MS) {
      last.unlogged++;
      return;
    }
    // Reasons contain names that strangers choose, so they are forgotten, the oldest first.
    this.#last.delete(key);
    const [oldest] = this.#last.keys();
    if (this.#last.size >= REASONS_MAX && oldest !== undefined) this.#last.delete(oldest);
    this.#last.set(key, { atMs: nowMs, unlogged: 0 });
    this.#logger.log(level, event, { ...fields, ...(last && { alsoUnlogged: last.unlogged }) });
  }
}
