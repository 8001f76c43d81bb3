/** Clients that call a group of counters all the time. */
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { counterService } from '../counter.js';

type CounterMethod = (typeof counterService)['Add'];

/** Makes calls one after the other by several callers at a time, and remembers the answers. */
export class Load {
  readonly #client: Client;
  readonly #callers: Promise<void>[] = [];
  readonly answered: string[] = [];
  /** The answers to the calls in `answered`. */
  readonly values: unknown[] = [];
  readonly failed: string[] = [];
  #over = false;

  /** @param options of the client, which make it a client of the group */
  constructor(addresses: readonly string[], options: object) {
    this.#client = new Client(`understudy:///${addresses.join()}`, credentials.createInsecure(), options);
  }

  get client(): Client {
    return this.#client;
  }

  call(method: CounterMethod, request: unknown): Promise<unknown> {
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error: ServiceError | null, value?: unknown) => (error === null ? resolve(value) : reject(error)),
      );
    });
  }

  begin(callers: number): void {
    for (let i = 0; i < callers; i++) this.#callers.push(this.#callOn(`c${i}`));
  }

  async #callOn(name: string): Promise<void> {
    for (let i = 0; !this.#over; i++) {
      const id = `${name}.${i}`;
      try {
        const value = await this.call(counterService.Add, { id, by: 1 });
        this.answered.push(id);
        this.values.push(value);
      } catch (error) {
        this.failed.push(`${id}: ${String(error)}`);
      }
    }
  }

  /** Resolves once the callers together have had this many more replies. */
  async more(calls: number): Promise<void> {
    const upTo = this.answered.length + calls;
    while (this.answered.length < upTo && this.failed.length === 0) await new Promise((go) => setTimeout(go, 5));
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#callers);
  }
}
