import { type ErrorCode, UnderstudyError } from '@understudy/core';

export interface Failure {
  readonly code: ErrorCode;
  /** One line that begins with the code. */
  readonly message: string;
}

/** @throws what is not an error of ours: a defect, whose stack somebody needs */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof UnderstudyError)) throw error;
  return { code: error.code, message: error.message.replace(/\s*[\p{Cc}\p{Zl}\p{Zp}]+\s*/gu, ' ') };
}
