/** Attempts to connect that can be given up, for which grpc-js has no means. */
import type { experimental } from '@grpc/grpc-js';

/**
 * A connection attempt that takes longer is started anew: a host that did not answer may be back, or be found at
 * another address.
 */
const CONNECT_WITHIN_MS = 2_000;

/**
 * Attempts to connect to one address, which can be given up. An attempt to reach a host that is gone, and so answers
 * nothing, otherwise lasts as long as the kernel tries (two minutes on Linux) and keeps the process alive; grpc-js sets
 * no bound. But grpc-js hands the address to `net.connect` unchanged, and `net.connect` accepts an abort signal in it.
 */
export class Attempts {
  /** The address to give to grpc-js; each attempt reads a fresh signal from it. */
  readonly address: experimental.SubchannelAddress;
  readonly #isReady: () => boolean;
  #latest: AbortController | undefined;

  /** @param isReady whether the connection stands; a connection that stands is never aborted */
  constructor(address: experimental.SubchannelAddress, isReady: () => boolean) {
    this.#isReady = isReady;
    const begin = (): AbortSignal => this.#begin();
    this.address = Object.defineProperty({ ...address }, 'signal', { get: begin, enumerable: true });
  }

  /**
   * Aborts the latest attempt, because no channel needs the connection any more. Call it only while there is no
   * connection. The abort waits for the next turn: a subchannel whose attempt fails while its channel is being closed
   * would start another one, for ever (grpc-js 1.14).
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
