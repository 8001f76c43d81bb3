/** Errors of the file system as sentences that an operator can act on. */
import { UnderstudyError } from '@understudy/core';

/** The code of a failed system call, such as ENOENT. In jest its error is no instance of the test file's `Error`. */
export function systemCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

export function coordinatorError(sentence: string, cause?: unknown): UnderstudyError {
  return new UnderstudyError('UNDERSTUDY_COORDINATOR', sentence, cause === undefined ? {} : { cause });
}

/** Says what failed and at which path, so that an operator can find it. An UnderstudyError stays as it is. */
export function asCoordinatorError(error: unknown, doing: string): UnderstudyError {
  if (error instanceof UnderstudyError) return error;
  const code = systemCode(error) ?? String(error);
  return coordinatorError(
    `${doing} failed (${code}): check that the directory exists and that this process may read and write it`,
    error,
  );
}

export function damagedRecord(path: string, cause: unknown): UnderstudyError {
  const why = cause instanceof UnderstudyError ? cause.message.replace(/^\w+: /, '') : String(cause);
  return new UnderstudyError(
    'UNDERSTUDY_RECORD_DAMAGED',
    `${path}: ${why}; stop the group's replicas, then restore this file from a copy, or remove it to go back to the record before`,
    { cause },
  );
}

/**
 * Stops waiting for work that may hang, such as a call to a network file system. The work itself is not undone.
 *
 * @throws UNDERSTUDY_COORDINATOR when `deadlineMs` passes first
 */
export async function within<T>(deadlineMs: number, doing: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    const late = () =>
      reject(coordinatorError(`${doing} took more than ${deadlineMs} ms: check that the file system answers`));
    timer = setTimeout(late, deadlineMs).unref();
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
