/** A client of the counter that calls it without a pause. */
import type { Client } from '@grpc/grpc-js';
import { counterService } from '../../testing/counter.js';

/** Makes one call after the other, each of which adds one. A call that fails, or that does not count once, rejects `end`. */
export class CountingCaller {
  readonly #client: Client;
  #calls = 0;
  #going = true;
  #answered: () => void = () => {};
  readonly #calling: Promise<void>;

  /** @param client of a counter that nobody else calls; its caller closes it */
  constructor(client: Client) {
    this.#client = client;
    this.#calling = this.#run();
    this.#calling.catch(() => {});
  }

  /** How many calls have been answered. */
  get calls(): number {
    return this.#calls;
  }

  /** Resolves after so many further answers. Rejects when a call fails. */
  async answeredMore(calls: number): Promise<void> {
    const enough = this.#calls + calls;
    while (this.#calls < enough) {
      await Promise.race([this.#calling, new Promise<void>((resolve) => (this.#answered = resolve))]);
    }
  }

  /** Resolves when the call that is under way has been answered. */
  async end(): Promise<void> {
    this.#going = false;
    await this.#calling;
  }

  async #run(): Promise<void> {
    while (this.#going) {
      const value = await addOne(this.#client, `${this.#calls}`);
      this.#calls++;
      if (value !== this.#calls) throw new Error(`call ${this.#calls} was answered ${value}`);
      this.#answered();
    }
  }
}

/** Adds one. @returns the counter's value after it */
export function addOne(client: Client, id = 'x'): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
      error === null ? resolve(value as number) : reject(error),
    );
  });
}
