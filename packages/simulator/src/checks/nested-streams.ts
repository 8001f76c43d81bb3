import type { NestedCaller } from '@understudy/core/internal';
import type { Ledger } from '../services/ledger.js';
import { itemEntry, readStreamText, type StreamShape, statusEntry } from '../services/nested-streams.js';
import { demand } from '../violation.js';

/** A stream as the callee has it, whichever primary of the caller goes on with it. */
export class CalleeStream {
  readonly name: string;
  readonly client: string;
  readonly #shape: StreamShape;
  /** The number of messages that it took, and whether it saw their end. */
  messages = 0;
  isHalfClosed = false;
  /** The caller has the items up to this one for good. */
  #freedUpTo = 0;

  constructor(client: string, shape: StreamShape) {
    this.name = shape.name;
    this.client = client;
    this.#shape = shape;
  }

  /** How many items it has sent. */
  get items(): number {
    const { kind, length } = this.#shape;
    if (kind === 'server') return length;
    return kind === 'bidi' ? this.messages : 0;
  }

  /** Whether it sends nothing more. */
  get isComplete(): boolean {
    return this.#shape.kind === 'server' || this.isHalfClosed;
  }

  /** Takes a message, which may come again. */
  take(position: number, isEnd: boolean): void {
    demand(position <= this.messages + 1, () => `${this.name} is sent message ${position} after ${this.messages}`);
    if (position !== this.messages + 1 || this.isHalfClosed) return;
    if (isEnd) this.isHalfClosed = true;
    else this.messages++;
  }

  /** The caller asks for the items after this one, so it has everything up to it for good. */
  asked(after: number): void {
    demand(after >= this.#freedUpTo, () => `${this.name} goes back to item ${after} after ${this.#freedUpTo}`);
    this.#freedUpTo = after;
  }

  /**
   * Checks that each item is in the caller's history once, in order, and before the status.
   *
   * @param final the history that the primary holds
   * @param mayPassOver whether messages of death are passed over, which may hit other handlers too
   */
  check(final: Ledger, mayPassOver: boolean): void {
    const { name } = this;
    const entries = final.operations.filter((entry) => entry.startsWith(`${name}>`));
    const status = entries.at(-1);
    if (mayPassOver && (status === undefined || !status.startsWith(`${name}>end`))) return;
    const given = entries.slice(0, -1);
    demand(status !== undefined, () => `${name} was opened, and the group does not know of it`);
    for (const [i, entry] of given.entries())
      demand(entry === itemEntry(name, i + 1), () => `${name} has ${entry} as item ${i + 1} of ${entries.join(' ')}`);
    if (status === statusEntry(name, undefined)) return;
    demand(
      status === statusEntry(name, this.items),
      () => `${name} sent ${this.items} items, and the group has ${status}`,
    );
    demand(given.length === this.items, () => `${name} sent ${this.items} items, and the group has ${given.length}`);
    const { kind, length } = this.#shape;
    demand(
      kind === 'server' || this.messages === length,
      () => `${name} got ${this.messages} of ${length} messages, and has ended`,
    );
  }
}

/** The streams that handlers open at a callee which knows them again (DESIGN 5.7). */
export class NestedStreams {
  readonly #streams = new Map<string, CalleeStream>();

  /** A stream is opened. If it was opened before, it goes on after the items that the caller has. */
  open(caller: NestedCaller, text: string, again: boolean, received: number): CalleeStream {
    const { client, id } = caller;
    const key = `${client}/${id.orderNum}.${id.index}`;
    const shape = readStreamText(text);
    const known = this.#streams.get(key);
    demand(
      again || known === undefined,
      () => `${shape.name} is opened as if for the first time, though it was before`,
    );
    demand(known === undefined || known.name === shape.name, () => `${key} is ${known?.name} and ${shape.name}`);
    const stream = known ?? new CalleeStream(client, shape);
    this.#streams.set(key, stream);
    stream.asked(received);
    return stream;
  }

  /** @param client the group that goes on; what an operator gave up is part of no history */
  check(final: Ledger, client: string, mayPassOver: boolean): void {
    for (const stream of this.#streams.values()) if (stream.client === client) stream.check(final, mayPassOver);
  }
}
