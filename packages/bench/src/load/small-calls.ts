/** Small calls at a steady pace, beside other work that is being measured. */
import { monotonicMs } from '../ipc/clock.js';
import type { SmallMark } from '../ipc/commands.js';
import { type AddRequest, type CounterClient, PAYLOAD_BYTES } from '../service/proto.js';
import { Tally } from './tally.js';

const REQUEST: AddRequest = { amount: 1, payload: new Uint8Array(PAYLOAD_BYTES).fill(0x55) };
const NS_PER_MS = 1e6;

const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms * NS_PER_MS));

/** Makes a call whenever one is due, those that it missed included. */
export class SmallCalls {
  readonly #client: CounterClient;
  readonly #everyMs: number;
  readonly #tally = new Tally();
  readonly #sinceDue = new Tally();
  readonly #timer: NodeJS.Timeout;
  #dueAtMs: number;
  #open = 0;
  #onEnd: (() => void) | undefined;

  constructor(client: CounterClient, everyMs: number) {
    this.#client = client;
    this.#everyMs = everyMs;
    this.#dueAtMs = monotonicMs() + everyMs;
    this.#timer = setInterval(() => this.#call(), everyMs);
  }

  mark(): SmallMark {
    return { ...this.#tally.mark(), sinceDue: this.#sinceDue.mark().latencies };
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
    for (const nowMs = monotonicMs(); this.#dueAtMs <= nowMs; this.#dueAtMs += this.#everyMs) {
      const dueAtMs = this.#dueAtMs;
      this.#open += 1;
      const sentAtMs = monotonicMs();
      this.#client.add(REQUEST, (error) => {
        if (error === null) {
          const endedAtMs = monotonicMs();
          this.#tally.reply(nanoseconds(endedAtMs - sentAtMs));
          this.#sinceDue.reply(nanoseconds(endedAtMs - dueAtMs));
        } else this.#tally.failure(error.message);
        this.#open -= 1;
        if (this.#open === 0) this.#onEnd?.();
      });
    }
  }
}
