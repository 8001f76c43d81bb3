import type { OrderClock } from '@understudy/core/internal';

/** A clock of orders and timers that tests move. */
export interface MovableClock extends OrderClock {
  /**
   * @param listener resolves when what is due by then has its place in the queue of messages
   * @returns ends the listening
   */
  readonly onMoved: (listener: () => Promise<void>) => () => void;
}
