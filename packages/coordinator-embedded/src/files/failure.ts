import { UnderstudyError } from '@understudy/core';

/** The code of a failed system call, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

export function coordinatorError(sentence: string, cause?: unknown): UnderstudyError {
  return new UnderstudyError('UNDERSTUDY_COORDINATOR', sentence, cause === undefined ? {} : { cause });
}

/** What was done and to which path, so that an operator can find it; an error of ours stays as it is. */
export function asCoordinatorError(error: unknown, doing: string): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  const code = systemCode(error) ?? String(error);
  return coordinatorError(
    `${doing} failed (${code}): check that it exists, is of the right kind and is ours to use`,
    error,
  );
}

export function damagedRecord(path: string, cause: unknown): UnderstudyError {
  const why = cause instanceof UnderstudyError ? cause.message.replace(/^\w+: /, '') : String(cause);
  return new UnderstudyError(
    'UNDERSTUDY_RECORD_DAMAGED',
    `${path}: ${why}; stop the group's replicas and restore this file from a copy, or remove it to go back to the one before`,
    { cause },
  );
}

/**
 * Ends the wait for something that may hang, such as a network file system. What hangs is not undone.
 *
 * @throws UNDERSTUDY_COORDINATOR when `deadlineMs` passed first
 */
export async function within<T>(deadlineMs: number, doing: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    const late = () => reject(coordinatorError(`${doing} took more than ${deadlineMs} ms: check the file system`));
    timer = setTimeout(late, deadlineMs).unref();
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
