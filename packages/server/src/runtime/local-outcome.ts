import { ERROR_CODES, type ErrorCode } from '@understudy/core';
import type { Reply } from '@understudy/core/internal';

/**
 * What a call comes to that this replica itself ends.
 *
 * @param reason a sentence that a person can act on; never contains a payload
 */
export const localOutcome = (code: ErrorCode, reason: string): Reply =>
  Object.freeze({
    kind: 'reply',
    code: ERROR_CODES[code].status,
    details: `${code}: ${reason}`,
    trailers: Object.freeze([
      ['understudy-code', code] as const,
      ['understudy-may-have-taken-effect', String(ERROR_CODES[code].mayHaveTakenEffect)] as const,
    ]),
  });
