/** The errors of encoders and decoders: bad input and values without an encoding each have one of their own. */
import { UnderstudyError } from '@understudy/core';
import { InvariantViolation } from '@understudy/core/internal';

/** Refuses input that is not a valid encoding. */
export function malformed(reason: string): never {
  throw new UnderstudyError('UNDERSTUDY_MALFORMED', reason);
}

/** Refuses a value that has no encoding. This is a defect of the caller, never of what the caller received. */
export function unencodable(what: string): never {
  throw new InvariantViolation(`cannot encode ${what}`);
}
