/** What becomes of a replica that failed: the log says why, and its process ends unless the user has said otherwise. */
import type { Logger } from '@understudy/core';

/** The exit code of a process whose replica failed (sysexits.h: EX_SOFTWARE). */
const EXIT_FAILED = 70;

export function logFailure(logger: Logger, { message, stack, cause }: Error): void {
  const fields = { reason: message, stack, cause: cause === undefined ? undefined : String(cause) };
  logger.log('error', 'this replica failed and stops; start it again', fields);
}

/** @param onFatal what the user wants to happen instead */
export function endAfterFailure(error: Error, onFatal: ((error: Error) => void) | undefined): void {
  if (onFatal !== undefined) onFatal(error);
  else setImmediate(() => process.exit(EXIT_FAILED));
}
