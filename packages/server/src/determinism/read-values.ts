import { randomFillSync } from 'node:crypto';
import { type RandomStream, realOf, realRandomNumber, type StepValues } from '@understudy/context';
import type { OrderClock } from '@understudy/core/internal';

const REAL_RANDOMNESS: RandomStream = {
  fill: (bytes) => void realOf(randomFillSync)(bytes),
  next: realRandomNumber,
};

/**
 * The values that reads get where a test moves the time. Reads have no place in the order, so their randomness is real.
 */
export class ReadValues implements StepValues {
  readonly random = REAL_RANDOMNESS;
  readonly inGlobals: boolean;
  readonly #clock: Pick<OrderClock, 'orderMs'>;

  constructor(clock: Pick<OrderClock, 'orderMs'>, inGlobals: boolean) {
    this.#clock = clock;
    this.inGlobals = inGlobals;
  }

  get timeMs(): number {
    return this.#clock.orderMs();
  }
}
