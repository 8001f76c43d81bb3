/** Arrival times and open calls, shared by all clients of a driver. */
import { type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { monotonicMs } from '../../hosting/clock.js';
import type { StreamEnd } from './job.js';

/** After this time without a message, which is much longer than a failover, the missing messages count as lost. */
const QUIET_MS = 20_000;
const LOOK_EVERY_MS = 1_000;

/** The part of a call that a journal needs. */
interface StreamCall {
  on(event: 'error', listener: (error: ServiceError) => void): unknown;
  on(event: 'status', listener: (status: StatusObject) => void): unknown;
  cancel(): void;
}

/** Notes when messages arrive and which calls are open, lets clients wait for both, and cancels calls that hang. */
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

  /** The highest number in the service's order that any message has named. */
  get seen(): number {
    return this.#seen;
  }

  /** Notes a message that reflects the service's order up to `number`. */
  arrived(number: number): void {
    this.#countedAtMs = monotonicMs();
    this.#arrivedAtMs.push(this.#countedAtMs);
    if (number > this.#seen) this.#seen = number;
    this.wake();
  }

  /** Resolves when the call has ended. The journal cancels the call if no message arrives on any call for long. */
  ended(call: StreamCall): Promise<StreamEnd> {
    this.#open.add(call);
    return new Promise((resolve) => {
      // The status reports the error too, but grpc-js throws an 'error' event that has no listener.
      call.on('error', () => {});
      call.on('status', ({ code, details }) => {
        this.#open.delete(call);
        resolve({ code, details });
        this.wake();
      });
    });
  }

  /** Lets every caller that waits in `until` check its condition again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Waits for a condition. It is checked after each message, each end of a call, and each `wake`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the journal: no call is open any more. */
  close(): void {
    clearInterval(this.#watching);
  }

  #lookForSilence(): void {
    if (monotonicMs() - this.#countedAtMs < QUIET_MS) return;
    for (const call of this.#open) call.cancel();
  }
}

export const isOk = ({ code }: StreamEnd): boolean => code === status.OK;
