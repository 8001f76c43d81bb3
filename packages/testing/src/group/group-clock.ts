/** The time of a group under test: that of its orders and timers, which a test moves. */
import { wallMs } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';

/** A year, the limit for the delay of a timer, too. */
const MOVE_MAX_MS = 366 * 24 * 3600 * 1000;

type Listener = () => Promise<void>;

/** One clock for all replicas of a group, also for those that start later. */
export class GroupClock {
  readonly #listeners = new Set<Listener>();
  /** The time at which the clock stands still; undefined while it runs. */
  #standsAtMs: number | undefined;
  #aheadMs = 0;

  /** @param standsAtMs undefined: the time goes on by itself, as the machine's does */
  constructor(standsAtMs: number | undefined) {
    if (standsAtMs !== undefined && !(Number.isSafeInteger(standsAtMs) && standsAtMs >= 0)) {
      throw new UnderstudyError('UNDERSTUDY_SETUP', 'the option timeMs must be whole milliseconds since 1970');
    }
    this.#standsAtMs = standsAtMs;
  }

  readonly orderMs = (): number => this.#standsAtMs ?? wallMs() + this.#aheadMs;

  readonly timerMs = (nowMs: number): number => this.#standsAtMs ?? nowMs + this.#aheadMs;

  /** @returns stops the listening */
  readonly onMoved = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /**
   * @returns resolves when every replica has ordered everything that is due by then
   * @throws UNDERSTUDY_SETUP
   */
  async advance(ms: number): Promise<void> {
    if (!Number.isSafeInteger(ms) || ms < 0 || ms > MOVE_MAX_MS) {
      const reason = `advance() takes whole milliseconds from 0 to ${MOVE_MAX_MS} (a year), not ${String(ms)}`;
      throw new UnderstudyError('UNDERSTUDY_SETUP', reason);
    }
    if (this.#standsAtMs === undefined) this.#aheadMs += ms;
    else this.#standsAtMs += ms;
    await Promise.all([...this.#listeners].map((listener) => listener()));
  }
}
