import type { Logger, LogLevel } from '@understudy/core';

/** Writes each log entry to stderr as one line of JSON. */
export function jsonLogger(levels: readonly LogLevel[] = ['info', 'warn', 'error']): Logger {
  return {
    log(level, event, fields) {
      if (levels.includes(level))
        console.error(JSON.stringify({ at: new Date().toISOString(), level, event, ...fields }));
    },
  };
}
