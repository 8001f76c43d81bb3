import type { ServiceError } from '@grpc/grpc-js';
import { type CounterClient, PAYLOAD_BYTES } from '../service/proto.js';
import type { Tally } from './tally.js';

const REQUEST = { amount: 1, payload: new Uint8Array(PAYLOAD_BYTES).fill(0x55) };

/** One call in flight, again and again: makes nothing new for a call but the call itself. */
export class Lane {
  readonly #client: CounterClient;
  readonly #tally: Tally;
  readonly #next: () => boolean;
  readonly #idle: () => void;
  #sentAtNs = 0n;

  /**
   * @param next whether there is another call to make
   * @param idle called when there was none
   */
  constructor(client: CounterClient, tally: Tally, next: () => boolean, idle: () => void) {
    this.#client = client;
    this.#tally = tally;
    this.#next = next;
    this.#idle = idle;
  }

  readonly send = (): void => {
    if (!this.#next()) {
      this.#idle();
      return;
    }
    this.#sentAtNs = process.hrtime.bigint();
    this.#client.add(REQUEST, this.#onReply);
  };

  readonly #onReply = (error: ServiceError | null): void => {
    if (error === null) {
      this.#tally.reply(process.hrtime.bigint() - this.#sentAtNs);
      this.send();
    } else {
      this.#tally.failure(error.message);
      // A call that fails at once must not keep everything else from running.
      setImmediate(this.send);
    }
  };
}
