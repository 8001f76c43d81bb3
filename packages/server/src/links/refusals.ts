import { monotonicMs } from '@understudy/context';
import type { Logger, LogLevel } from '@understudy/core';

const SAME_WITHIN_MS = 10_000;
const REASONS_MAX = 64;
/**
 * How many lines of one event are logged in ten seconds. Reasons contain text that strangers choose, so they could all
 * differ.
 */
const LINES_MAX = 32;

type Fields = NonNullable<Parameters<Logger['log']>[2]>;

interface Lines {
  readonly sinceMs: number;
  count: number;
  /** Lines that repeat an earlier one, by reason, with the time of the line that was logged. */
  readonly last: Map<string, { atMs: number; unlogged: number }>;
  /** How many further lines were not logged. */
  unlogged: number;
}

/**
 * Logs refusals of strangers and clients, who can cause any number of them: the same refusal once in ten seconds, and a
 * few dozen of each kind. A later line says how many were not logged.
 */
export class Refusals {
  readonly #logger: Logger;
  readonly #byEvent = new Map<string, Lines>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(level: LogLevel, event: string, fields: Fields): void {
    const nowMs = monotonicMs();
    const lines = this.#linesOf(event, nowMs);
    const key = String(fields.reason ?? fields.connection);
    const last = lines.last.get(key);
    if (last !== undefined && nowMs - last.atMs < SAME_WITHIN_MS) {
      last.unlogged++;
      return;
    }
    if (lines.count >= LINES_MAX) {
      lines.unlogged++;
      return;
    }
    lines.count++;
    const unlogged = (last?.unlogged ?? 0) + lines.unlogged;
    lines.unlogged = 0;
    // The oldest reasons are forgotten first.
    lines.last.delete(key);
    const [oldest] = lines.last.keys();
    if (lines.last.size >= REASONS_MAX && oldest !== undefined) lines.last.delete(oldest);
    lines.last.set(key, { atMs: nowMs, unlogged: 0 });
    this.#logger.log(level, event, { ...fields, ...(unlogged > 0 && { alsoUnlogged: unlogged }) });
  }

  #linesOf(event: string, nowMs: number): Lines {
    const known = this.#byEvent.get(event);
    if (known !== undefined && nowMs - known.sinceMs < SAME_WITHIN_MS) return known;
    const { last = new Map(), unlogged = 0 } = known ?? {};
    const lines: Lines = { sinceMs: nowMs, count: 0, last, unlogged };
    this.#byEvent.set(event, lines);
    return lines;
  }
}
