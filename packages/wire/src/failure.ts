import { UnderstudyError } from '@understudy/core';
import { InvariantViolation } from '@understudy/core/internal';

/** Input that is not a valid encoding. */
export function malformed(reason: string): never {
  throw new UnderstudyError('UNDERSTUDY_MALFORMED', reason);
}

/** A value that has no encoding: a defect of the caller, never of what it received. */
export function unencodable(what: string): never {
  throw new InvariantViolation(`cannot encode ${what}`);
}
