/** One of the calls that full load keeps in flight. */
import type { ServiceError } from '@grpc/grpc-js';
import type { Asked } from '../ipc/commands.js';
import { type AddRequest, type CounterClient, PAYLOAD_BYTES } from '../service/proto.js';
import type { Tally } from './tally.js';

const REQUEST: AddRequest = { amount: 1, payload: new Uint8Array(PAYLOAD_BYTES).fill(0x55) };

/** Keeps one call in flight. Allocates nothing but the call itself, so that the measurement shows little else. */
export class Lane {
  readonly #client: CounterClient;
  readonly #tally: Tally;
  readonly #next: () => boolean;
  readonly #idle: () => void;
  readonly #request: AddRequest;
  readonly #reads: boolean;
  #sentAtNs = 0n;

  /**
   * @param next whether there is another call to make
   * @param idle called when there is no other call to make
   */
  constructor(client: CounterClient, tally: Tally, next: () => boolean, idle: () => void, asked: Asked) {
    const { reads = false, ...more } = asked;
    this.#request = Object.keys(more).length > 0 ? { ...REQUEST, ...more } : REQUEST;
    this.#reads = reads;
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
    if (this.#reads) this.#client.total(this.#request, this.#onReply);
    else this.#client.add(this.#request, this.#onReply);
  };

  readonly #onReply = (error: ServiceError | null): void => {
    if (error === null) {
      this.#tally.reply(process.hrtime.bigint() - this.#sentAtNs);
      this.send();
    } else {
      this.#tally.failure(error.message);
      // Calls that fail at once must not keep the event loop from other work.
      setImmediate(this.send);
    }
  };
}
