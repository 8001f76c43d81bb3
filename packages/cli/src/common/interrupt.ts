/** SIGINT and SIGTERM while a command follows a group: they end it, and that is no failure. */

/** @param use gets a signal that is aborted when the user has seen enough, or when `outer` is */
export async function untilInterrupted(
  outer: AbortSignal | undefined,
  use: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const own = new AbortController();
  const end = (): void => own.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    await use(outer === undefined ? own.signal : AbortSignal.any([own.signal, outer]));
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}
