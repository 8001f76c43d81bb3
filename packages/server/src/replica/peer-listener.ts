import { Server } from '@grpc/grpc-js';
import { FRAME_OPTIONS, messageOf } from '@understudy/grpc-common';
import { setupError } from '../checks/setup-error.js';
import type { PeerListen } from './peer-setup.js';

/** How long calls of operators and the last frames may take when the listener shuts down. */
const SHUT_DOWN_MS = 1_000;

/**
 * The other side of a connection that answers no ping for this long is cut off. A replica may be busy for long and
 * makes a new link afterwards; a stranger that never finishes what it began to send would otherwise stay for ever.
 */
const OPTIONS = {
  ...FRAME_OPTIONS,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 60_000,
  'grpc.max_connection_idle_ms': 60_000,
} as const;

/** The listener of a replica for other replicas and for operators. */
export class PeerListener {
  readonly server = new Server(OPTIONS);
  readonly #listen: PeerListen;

  constructor(listen: PeerListen) {
    this.#listen = listen;
  }

  /**
   * @returns the address at which other replicas reach it
   * @throws UNDERSTUDY_SETUP if it cannot be bound
   */
  async bind(): Promise<string> {
    const { address, listen, credentials } = this.#listen;
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(listen, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    }).catch((cause: unknown) => {
      throw setupError(`cannot listen for other replicas at ${listen}: ${messageOf(cause)}`);
    });
    return address.replace(/:0+$/, `:${port}`);
  }

  /** Ends the listener after the calls that are under way. */
  close(): void {
    const late = setTimeout(() => this.server.forceShutdown(), SHUT_DOWN_MS).unref();
    this.server.tryShutdown(() => clearTimeout(late));
  }

  crash(): void {
    this.server.forceShutdown();
  }
}
