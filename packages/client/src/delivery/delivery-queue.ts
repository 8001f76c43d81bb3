import type { AsyncResource } from 'node:async_hooks';

/** Something that calls the application. */
export interface Delivery {
  /** The async context in which the application is called: that of the code that made the call. */
  readonly scope: AsyncResource;
  run(): void;
}

/**
 * Calls the application after the session's step, once for all replies of a turn. So an application that throws, or
 * makes its next call, does that outside of the session, just as grpc-js isolates itself.
 */
export class DeliveryQueue {
  #waiting: Delivery[] = [];
  #scheduled = false;

  push(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#drain);
  }

  readonly #drain = (): void => {
    this.#scheduled = false;
    const batch = this.#waiting;
    this.#waiting = [];
    let done = 0;
    try {
      for (const delivery of batch) {
        done++;
        delivery.scope.runInAsyncScope(delivery.run, delivery);
      }
    } finally {
      // An error that the application throws is its own uncaught exception; the other deliveries follow all the same.
      if (done < batch.length) {
        this.#waiting = [...batch.slice(done), ...this.#waiting];
        this.#schedule();
      }
    }
  };
}
