/** Loggers that users have, as replicas and clients take them. */
import type { Logger, LogLevel } from '@understudy/core';

/** The methods that pino and bunyan have: the fields first, then the message. */
export type FieldsLogger = Readonly<Record<LogLevel, (fields: object, message: string) => unknown>>;

/** The methods of a console. */
export type TextLogger = Readonly<Record<LogLevel, (text: string) => unknown>>;

/**
 * For pino, bunyan and other loggers that take fields and then a message. winston needs no adapter: its `log` has the
 * arguments that `logger` is called with.
 *
 * @example createReplica({ logger: logTo(pino()), … })
 */
export function logTo(logger: FieldsLogger): Logger {
  return { log: (level, event, fields) => void logger[level](fields, event) };
}

/**
 * For a console: a line of text for each event, `event name=value name=value`.
 *
 * @param least events below this level are left out. Default: `info`.
 *
 * @example createReplica({ logger: logToConsole(console), … })
 */
export function logToConsole(to: TextLogger, least: LogLevel = 'info'): Logger {
  return {
    log(level, event, fields) {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
      const shown = Object.entries(fields).filter(([, value]) => value !== undefined);
      to[level]([event, ...shown.map(([name, value]) => `${name}=${textOf(value)}`)].join(' '));
    },
  };
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A text with spaces or line breaks is quoted, so that a line remains one, and its parts can be told apart. */
const textOf = (value: unknown): string => {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
};
