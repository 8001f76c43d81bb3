/**
 * Load that does not wait for replies: a fixed number of calls a second, however many of them the service can serve.
 */
import { type ServiceError, status } from '@grpc/grpc-js';
import { monotonicMs } from '../ipc/clock.js';
import type { Asked, OpenMark } from '../ipc/commands.js';
import { type AddRequest, type CounterClient, PAYLOAD_BYTES } from '../service/proto.js';
import { Tally } from './tally.js';

const PAYLOAD = new Uint8Array(PAYLOAD_BYTES).fill(0x55);
const EVERY_MS = 5;

/** An open loop: makes calls at a steady rate, each with a deadline. */
export class OpenLoad {
  readonly #client: CounterClient;
  readonly #answered = new Tally();
  readonly #request: AddRequest;
  readonly #reads: boolean;
  readonly #perMs: number;
  readonly #deadlineMs: number;
  readonly #startedAtMs = monotonicMs();
  readonly #timer: NodeJS.Timeout;
  #made = 0;
  #open = 0;
  #refused = 0;
  #late = 0;
  #failures = 0;
  #failure: string | undefined;
  #onEnd: (() => void) | undefined;

  constructor(client: CounterClient, perSecond: number, { reads = false, ...more }: Asked, deadlineMs: number) {
    this.#client = client;
    this.#reads = reads;
    this.#request = { amount: 1, payload: PAYLOAD, ...more };
    this.#perMs = perSecond / 1_000;
    this.#deadlineMs = deadlineMs;
    this.#timer = setInterval(() => this.#call(), EVERY_MS);
  }

  mark(): OpenMark {
    const { atMs, calls, latencies } = this.#answered.mark();
    const counted = { refused: this.#refused, late: this.#late, failures: this.#failures, failure: this.#failure };
    this.#refused = 0;
    this.#late = 0;
    this.#failures = 0;
    return { atMs, answered: calls, latencies, ...counted };
  }

  /** Makes no more calls, and waits for the open ones. */
  end(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnd = resolve;
    });
  }

  #call(): void {
    const due = (monotonicMs() - this.#startedAtMs) * this.#perMs;
    for (; this.#made < due; this.#made++) {
      this.#open++;
      const sentAtNs = process.hrtime.bigint();
      const deadline = Date.now() + this.#deadlineMs;
      const ended = (error: ServiceError | null): void => this.#ended(error, sentAtNs);
      if (this.#reads) this.#client.total(this.#request, { deadline }, ended);
      else this.#client.add(this.#request, { deadline }, ended);
    }
  }

  #ended(error: ServiceError | null, sentAtNs: bigint): void {
    if (error === null) this.#answered.reply(process.hrtime.bigint() - sentAtNs);
    else if (error.code === status.RESOURCE_EXHAUSTED) this.#refused++;
    else if (error.code === status.DEADLINE_EXCEEDED) this.#late++;
    else {
      this.#failures++;
      this.#failure ??= error.message;
    }
    if (--this.#open === 0) this.#onEnd?.();
  }
}
