import type { experimental } from '@grpc/grpc-js';

/** A connection that takes longer is tried anew: who answered nothing may be back, or elsewhere. */
const CONNECT_WITHIN_MS = 2_000;

/**
 * Attempts to connect to one address, which can be given up. By itself an attempt at a host that is gone, and answers
 * nothing, lasts as long as the kernel tries, two minutes on Linux, and keeps the process alive; grpc-js has no bound on
 * it. But it hands an address to `net.connect` as it is, and that takes a signal.
 */
export class Attempts {
  /** To be given to grpc-js. */
  readonly address: experimental.SubchannelAddress;
  readonly #isReady: () => boolean;
  #latest: AbortController | undefined;

  /** @param isReady whether the connection stands: then it is not to be touched */
  constructor(address: experimental.SubchannelAddress, isReady: () => boolean) {
    this.#isReady = isReady;
    const begin = (): AbortSignal => this.#begin();
    this.address = Object.defineProperty({ ...address }, 'signal', { get: begin, enumerable: true });
  }

  /**
   * Nobody wants the connection any more, and it does not stand. Not before the next turn: a subchannel whose attempt
   * fails while its channel is being closed begins another, for ever (grpc-js 1.14).
   */
  giveUp(): void {
    const latest = this.#latest;
    setImmediate(() => latest?.abort());
  }

  #begin(): AbortSignal {
    const attempt = new AbortController();
    this.#latest = attempt;
    setTimeout(() => {
      if (this.#latest === attempt && !this.#isReady()) attempt.abort();
    }, CONNECT_WITHIN_MS).unref();
    return attempt.signal;
  }
}
