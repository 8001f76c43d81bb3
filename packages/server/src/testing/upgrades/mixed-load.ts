/** Clients of all kinds that call a group of counters all the time, and a check of their replies against the state. */
import type { ServiceError } from '@grpc/grpc-js';
import { counterService } from '../counter.js';
import { moreService } from './fleet.js';
import { Load } from './load.js';

const UNIMPLEMENTED = 12;
const BUMPED = 'bump';

/** Several callers for each client: they add, read, and call a method that only some builds have. */
export class MixedLoad {
  readonly #clients: readonly Load[];
  readonly #callers: Promise<void>[] = [];
  readonly failed: string[] = [];
  /** The replies to additions: the counter's value then. */
  readonly #added = new Map<string, number>();
  readonly #bumped = new Set<string>();
  readonly #unknown = new Set<string>();
  answered = 0;
  longestMs = 0;
  #over = false;

  /** @param optionsOf each client */
  constructor(addresses: readonly string[], optionsOf: readonly object[]) {
    this.#clients = optionsOf.map((options) => new Load(addresses, options));
  }

  get clients(): readonly Load['client'][] {
    return this.#clients.map(({ client }) => client);
  }

  begin(callersEach: number): void {
    for (const [c, client] of this.#clients.entries()) {
      for (let i = 0; i < callersEach; i++) this.#callers.push(this.#callOn(client, `c${c}.${i}`));
    }
  }

  async #callOn(client: Load, name: string): Promise<void> {
    let seen = 0;
    for (let i = 0; !this.#over && this.failed.length === 0; i++) {
      const id = `${name}.${i}`;
      const beganMs = performance.now();
      try {
        if (i % 4 === 1) seen = this.#read(id, seen, await client.call(counterService.Get, {}));
        else if (i % 4 === 3) await this.#bump(client, `${BUMPED}.${id}`);
        else seen = this.#add(id, await client.call(counterService.Add, { id, by: 1 }));
      } catch (error) {
        this.failed.push(`${id} after ${Math.round(performance.now() - beganMs)} ms: ${String(error)}`);
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - beganMs);
      this.answered++;
    }
  }

  #read(id: string, seen: number, answer: unknown): number {
    if (Number(answer) < seen) this.failed.push(`${id} read ${answer} after ${seen}`);
    return Number(answer);
  }

  #add(id: string, answer: unknown): number {
    // The mark of another build's handler is less than one.
    const value = Math.floor(Number(answer));
    this.#added.set(id, value);
    return value;
  }

  async #bump(client: Load, id: string): Promise<void> {
    try {
      await client.call(moreService.Bump, id);
      this.#bumped.add(id);
    } catch (error) {
      if ((error as ServiceError).code !== UNIMPLEMENTED) throw error;
      this.#unknown.add(id);
    }
  }

  /** Resolves once this many more calls have had their replies, or one has failed. */
  async more(calls: number): Promise<void> {
    const upTo = this.answered + calls;
    while (this.answered < upTo && this.failed.length === 0) await new Promise((go) => setTimeout(go, 2));
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#callers);
  }

  /**
   * The replies that contradict the state.
   *
   * @param ids of the calls that the counter has executed, in their order
   */
  disagreements(ids: readonly string[]): string[] {
    const wrong: string[] = [];
    if (new Set(ids).size !== ids.length) wrong.push('calls were executed twice');
    const additions = ids.filter((id) => !id.startsWith(BUMPED));
    for (const [id, value] of this.#added) {
      if (additions[value - 1] !== id) wrong.push(`${id} was answered ${value}, where ${additions[value - 1]} is`);
    }
    const executed = new Set(ids);
    for (const id of this.#bumped) if (!executed.has(id)) wrong.push(`${id} was answered and is lost`);
    for (const id of this.#unknown) if (executed.has(id)) wrong.push(`${id} was UNIMPLEMENTED and is executed`);
    return wrong.slice(0, 5);
  }
}
