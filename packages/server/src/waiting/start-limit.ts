import { UnderstudyError } from '@understudy/core';

export interface StartLimit {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Ends the wait of `start()` after a time, or when the user aborts it.
 *
 * @param why says what the replica waits for
 * @returns a function that forgets the limit
 */
export function limitStart(
  { timeoutMs, signal }: StartLimit,
  why: () => string | undefined,
  onEnd: (error: UnderstudyError) => void,
): () => void {
  const end = (what: string): void =>
    onEnd(new UnderstudyError('UNDERSTUDY_BLOCKED', `${what}: ${why() ?? 'the replica has not joined its group'}`));
  const onAbort = (): void => end('start() was aborted');
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => end(`not started within ${timeoutMs} ms`), timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
}
