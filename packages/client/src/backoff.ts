const FIRST_MS = 50;
const MAX_MS = 1000;
const JITTER = 0.2;

/** Waits between attempts to reach a replica: 50 ms, doubling to 1 s, each a fifth more or less at random. */
export class Backoff {
  #nextMs = FIRST_MS;

  next(): number {
    const delayMs = this.#nextMs * (1 - JITTER + 2 * JITTER * Math.random());
    this.#nextMs = Math.min(MAX_MS, this.#nextMs * 2);
    return delayMs;
  }

  reset(): void {
    this.#nextMs = FIRST_MS;
  }
}

/** The same for the connection beneath, where grpc-js waits by itself. */
export const RECONNECT_OPTIONS = {
  'grpc.initial_reconnect_backoff_ms': FIRST_MS,
  'grpc.max_reconnect_backoff_ms': MAX_MS,
} as const;
