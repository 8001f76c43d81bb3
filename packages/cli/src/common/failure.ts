/** Errors as the command prints them: a code and one line. */
import { type ErrorCode, UnderstudyError } from '@understudy/core';

export interface Failure {
  readonly code: ErrorCode;
  /** A single line that begins with the code. */
  readonly message: string;
}

/** @throws `error` itself if it is not an UnderstudyError: it is a defect, and its stack is needed to find it */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof UnderstudyError)) throw error;
  return { code: error.code, message: error.message.replace(/\s*[\p{Cc}\p{Zl}\p{Zp}]+\s*/gu, ' ') };
}
