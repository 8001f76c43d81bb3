/** Many large calls at once. */
import { monotonicMs } from '../ipc/clock.js';
import type { BurstAsked, BurstDone } from '../ipc/commands.js';
import type { CounterClient } from '../service/proto.js';

/** Makes a number of calls in one turn of the event loop, as an application does that has all its requests at hand. */
export class Burst {
  readonly #client: CounterClient;
  readonly #asked: BurstAsked;
  #failures = 0;
  #failure: string | undefined;

  constructor(client: CounterClient, asked: BurstAsked) {
    this.#client = client;
    this.#asked = asked;
  }

  /** Makes the calls, and waits until all have ended. */
  async run(): Promise<BurstDone> {
    const beganAtMs = monotonicMs();
    await Promise.all(Array.from({ length: this.#asked.calls }, () => this.#call()));
    return { seconds: (monotonicMs() - beganAtMs) / 1_000, failures: this.#failures, failure: this.#failure };
  }

  #call(): Promise<void> {
    const { requestBytes, replyBytes } = this.#asked;
    // Each request has a payload of its own, as those of an application have.
    const request = { amount: 1, payload: new Uint8Array(requestBytes).fill(0x55), replyBytes };
    return new Promise((resolve) => {
      this.#client.addLarge(request, (error, reply) => {
        if (error !== null) this.#fail(error.message);
        else if (reply?.payload.length !== replyBytes) this.#fail(`a reply of ${reply?.payload.length} bytes`);
        resolve();
      });
    });
  }

  #fail(message: string): void {
    this.#failures += 1;
    this.#failure ??= message;
  }
}
