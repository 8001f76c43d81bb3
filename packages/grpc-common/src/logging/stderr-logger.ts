/** What is logged where the user gives no logger: warnings and errors, on standard error. */
import { realOf, wallMs } from '@understudy/context';
import type { Logger } from '@understudy/core';

/** Discards everything. */
export const SILENT: Logger = { log() {} };

/**
 * The logger that a user's option stands for.
 *
 * @param option the user's own; `'none'` for silence; by default each warning and error is one line of JSON on stderr
 * @param about fields that each line begins with, such as the group
 */
export function loggerOf(option: Logger | 'none' | undefined, about: Readonly<Record<string, string>>): Logger {
  if (option === 'none') return SILENT;
  if (option !== undefined) return option;
  return {
    log(level, event, fields) {
      if (level !== 'warn' && level !== 'error') return;
      process.stderr.write(
        `${JSON.stringify({ time: new (realOf(Date))(wallMs()).toISOString(), level, event, ...about, ...fields })}\n`,
      );
    },
  };
}
