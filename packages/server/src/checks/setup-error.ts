/** Makes the error for a mistake in how the service is set up. */
import { UnderstudyError } from '@understudy/core';

export const setupError = (sentence: string, cause?: unknown): UnderstudyError =>
  new UnderstudyError('UNDERSTUDY_SETUP', sentence, cause === undefined ? {} : { cause });
