import type { Logger } from '@understudy/core';

/** Logs to stderr, one JSON object a line. */
export const jsonLogger: Logger = {
  log(level, event, fields) {
    if (level !== 'debug') console.error(JSON.stringify({ at: new Date().toISOString(), level, event, ...fields }));
  },
};
