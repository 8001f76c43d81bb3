/** Many large calls at once. */
import { monotonicMs } from '../ipc/clock.js';
import type { BurstAsked, BurstDone } from '../ipc/commands.js';
import type { AddRequest, CounterClient } from '../service/proto.js';

/** Makes a number of calls in one turn of the event loop, as an application does whose requests are all ready. */
export class Burst {
  readonly #client: CounterClient;
  readonly #replyBytes: number;
  /** Each has a payload of its own, as those of an application have. */
  #requests: readonly AddRequest[];
  #failures = 0;
  #failure: string | undefined;

  constructor(client: CounterClient, { calls, requestBytes, replyBytes }: BurstAsked) {
    this.#client = client;
    this.#replyBytes = replyBytes;
    this.#requests = Array.from({ length: calls }, () => ({
      ...{ amount: 1, payload: new Uint8Array(requestBytes).fill(0x55), replyBytes },
    }));
  }

  /** Makes the calls, and waits until all have ended. */
  async run(): Promise<BurstDone> {
    const beganAtMs = monotonicMs();
    const calls = this.#requests.map((request) => this.#call(request));
    // The application no longer needs its requests.
    this.#requests = [];
    const serializedAtMs = monotonicMs();
    await Promise.all(calls);
    return {
      seconds: (monotonicMs() - beganAtMs) / 1_000,
      turnMs: serializedAtMs - beganAtMs,
      failures: this.#failures,
      failure: this.#failure,
    };
  }

  #call(request: AddRequest): Promise<void> {
    return new Promise((resolve) => {
      this.#client.addLarge(request, (error, reply) => {
        if (error !== null) this.#fail(error.message);
        else if (reply?.payload.length !== this.#replyBytes) this.#fail(`a reply of ${reply?.payload.length} bytes`);
        resolve();
      });
    });
  }

  #fail(message: string): void {
    this.#failures += 1;
    this.#failure ??= message;
  }
}
