import { type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { monotonicMs } from '../stage/clock.js';
import type { StreamEnd } from './job.js';

/** Nothing came for so long: much longer than a failover. What is missing then has been lost. */
const QUIET_MS = 20_000;
const LOOK_EVERY_MS = 1_000;

/** Any call with messages; what a journal needs of it. */
interface StreamCall {
  on(event: 'error', listener: (error: ServiceError) => void): unknown;
  on(event: 'status', listener: (status: StatusObject) => void): unknown;
  cancel(): void;
}

/** What all clients of a driver share: when messages came, which calls are open, and who waits for what. */
export class Journal {
  readonly #arrivedAtMs: number[] = [];
  readonly #open = new Set<StreamCall>();
  readonly #watching: NodeJS.Timeout;
  #waiting: (() => void)[] = [];
  #seen = 0;
  #countedAtMs = monotonicMs();

  constructor() {
    this.#watching = setInterval(() => this.#lookForSilence(), LOOK_EVERY_MS);
  }

  get arrivedAtMs(): Float64Array {
    return Float64Array.from(this.#arrivedAtMs);
  }

  /** The highest number in the service's order that any message has told of. */
  get seen(): number {
    return this.#seen;
  }

  /** A message came that reflects the service's order up to `number`. */
  arrived(number: number): void {
    this.#countedAtMs = monotonicMs();
    this.#arrivedAtMs.push(this.#countedAtMs);
    if (number > this.#seen) this.#seen = number;
    this.wake();
  }

  /** Resolves when the call has come to its end. It is cancelled if nothing comes any more. */
  ended(call: StreamCall): Promise<StreamEnd> {
    this.#open.add(call);
    return new Promise((resolve) => {
      // An error is a status, too; grpc-js throws it if nobody listens.
      call.on('error', () => {});
      call.on('status', ({ code, details }) => {
        this.#open.delete(call);
        resolve({ code, details });
        this.wake();
      });
    });
  }

  /** Lets those that wait look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Waits for something that changes with a message, the end of a call, or `wake`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing is expected any more. */
  close(): void {
    clearInterval(this.#watching);
  }

  #lookForSilence(): void {
    if (monotonicMs() - this.#countedAtMs < QUIET_MS) return;
    for (const call of this.#open) call.cancel();
  }
}

export const isOk = ({ code }: StreamEnd): boolean => code === status.OK;
