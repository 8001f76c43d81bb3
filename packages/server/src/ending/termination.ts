/**
 * Ends the process on SIGTERM and SIGINT without failing calls, and without cutting off the work of other listeners.
 */
import type { Server } from '@grpc/grpc-js';
import { monotonicMs } from '@understudy/context';
import type { Logger } from '@understudy/core';

/** How long calls and streams of unreplicated services may hold up the end of the process. */
const SHUTDOWN_MS = 2000;
/**
 * A signal that follows the first one within this time is a repetition: a terminal and a parent process both sent it,
 * or a framework sends it again when it has done its part.
 */
export const SAME_WORD_MS = 500;
/** After this time the log says what keeps the process. */
const KEPT_AFTER_MS = 10_000;

const SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;
type Signal = keyof typeof SIGNALS;

/** The replica and the server that must end before the process may. */
export interface ToEnd {
  /** Hands over. */
  readonly stop: () => Promise<unknown>;
  readonly server: () => Server | undefined;
  readonly logger: Logger;
}

/** All replicas of this process end together. */
class Termination {
  readonly #endings = new Set<ToEnd>();
  #signalledMs: number | undefined;
  #repeated = false;

  add(ending: ToEnd): void {
    // Our listener goes first, because a listener that was registered with `once` is no longer listed after it was
    // called.
    if (this.#endings.size === 0) for (const signal of names) process.prependListener(signal, this.#onSignal);
    this.#endings.add(ending);
  }

  remove(ending: ToEnd): void {
    this.#endings.delete(ending);
    if (this.#endings.size > 0 || this.#signalledMs !== undefined) return;
    for (const signal of names) process.removeListener(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = monotonicMs();
    if (this.#signalledMs === undefined) {
      this.#signalledMs = nowMs;
      void this.#end(process.listenerCount(signal) > 1);
    } else if (nowMs - this.#signalledMs < SAME_WORD_MS) {
      this.#repeated = true;
    } else {
      process.exit(128 + SIGNALS[signal as Signal]);
    }
  };

  /** @param others whether other code listens to the signal too, and may have work to do before the process ends */
  async #end(others: boolean): Promise<void> {
    const endings = [...this.#endings];
    await Promise.allSettled(endings.map(({ stop }) => stop()));
    await Promise.all(endings.map(({ server }) => shutDown(server())));
    // Without us the signal would have ended the process at once, unless other code listens to it.
    if (!others || this.#repeated) process.exit(0);
    setTimeout(() => {
      const kept = [...new Set(process.getActiveResourcesInfo())].join(', ');
      const event = 'the replica has stopped, but something else keeps the process; a second signal ends it';
      for (const { logger } of endings) logger.log('warn', event, { kept });
    }, KEPT_AFTER_MS).unref();
  }
}

const names = Object.keys(SIGNALS) as Signal[];
const termination = new Termination();

/**
 * On SIGTERM and SIGINT hands over, lets the server finish its calls, and lets the process end with 0: at once if no
 * other code listens to the signal, else when the other listeners are done. A second signal ends it at once.
 *
 * @returns a function that leaves the signals to others again
 */
export function onTermination(ending: ToEnd): () => void {
  termination.add(ending);
  return () => termination.remove(ending);
}

function shutDown(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) return resolve();
    setTimeout(() => {
      // Calls that are still open would keep the process.
      server.forceShutdown();
      resolve();
    }, SHUTDOWN_MS).unref();
    server.tryShutdown(() => resolve());
  });
}
