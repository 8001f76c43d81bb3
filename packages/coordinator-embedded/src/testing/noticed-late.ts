/** A loss that the replicas which run notice later than a replica that starts. */
import type { Coordinator, CoordinatorFactory } from '@understudy/core';

/**
 * Wraps a coordinator, so that a test can delete all that it keeps. Replicas that run are told of the loss once another has
 * found nothing twice, or has begun a history.
 */
export class NoticedLate {
  readonly factory: CoordinatorFactory;
  #isDeleted = false;
  #found = 0;
  #notice: () => void = () => {};
  readonly #noticed = new Promise<void>((resolve) => {
    this.#notice = resolve;
  });

  constructor(wrapped: CoordinatorFactory) {
    this.factory = (group) => this.#wrap(wrapped(group));
  }

  /** From now on, all is gone. */
  deleted(): void {
    this.#isDeleted = true;
  }

  #wrap(coordinator: Coordinator): Coordinator {
    const { tellsOfLossWithinMs } = coordinator;
    const watch = coordinator.watch.bind(coordinator);
    const read = coordinator.read.bind(coordinator);
    const swap = coordinator.compareAndSwap.bind(coordinator);
    // The group's first replica need not look for others.
    Object.defineProperty(coordinator, 'tellsOfLossWithinMs', {
      get: () => (this.#isDeleted ? tellsOfLossWithinMs : 0),
    });
    return Object.assign(coordinator, {
      watch: (...[onRecord, onError, onLost = () => {}]: Parameters<typeof watch>) =>
        watch(onRecord, onError, (last) => void this.#noticed.then(() => onLost(last))),
      read: async () => {
        const record = await read();
        if (this.#isDeleted && record === undefined && ++this.#found === 2) this.#notice();
        return record;
      },
      compareAndSwap: async (...change: Parameters<typeof swap>) => {
        const result = await swap(...change);
        if (this.#isDeleted && result.kind !== 'unknown') this.#notice();
        return result;
      },
    });
  }
}
