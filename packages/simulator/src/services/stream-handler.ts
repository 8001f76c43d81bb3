import { STREAM_CREDIT_AT, STREAM_WINDOW, type StreamItem } from '@understudy/core/internal';
import { bytesOf } from '@understudy/core/testing';
import { demand } from '../violation.js';
import type { Ledger } from './ledger.js';
import { itemDigest, LINES, messageText, type Opening, statusText } from './streamed.js';
import type { Randomness } from './values.js';

/** A message, or the end, that waits to be sent. `by` names the order that wrote it. */
interface Written {
  readonly kind: 'message' | 'status';
  readonly place: number;
  readonly by: string;
  readonly body: string;
  readonly code: number;
}

const METADATA: StreamItem = { kind: 'metadata', entries: [] };

/**
 * The handler of a streaming call over the ledger. Like a real handler it heeds windows: it sends at most STREAM_WINDOW
 * messages that its client has not taken, and tells which messages it has taken itself.
 *
 * A late handler goes on by itself. It writes everything in the order of its messages, and each replica decides when
 * its items leave. The items are certain all the same, because nothing overtakes an item that waits for room.
 */
export class StreamHandler {
  readonly name: string;
  readonly opening: Opening;
  readonly random: Randomness;
  readonly #ledger: Ledger;
  readonly #emit: (item: StreamItem) => void;
  /** Digests of the items that are certain: those that were sent, and those that a late handler will send. */
  readonly #certain: number[] = [];
  readonly #waiting: Written[] = [];
  /** Positions of items with messages that the client has not taken. */
  #untaken: number[] = [];
  #takenUpTo = 0;
  #items = 0;
  #messages = 0;
  #metadataSent = false;
  /** Messages of the client that the handler took, and how many of them it said it took. */
  #taken = 0;
  #told = 0;
  readonly #gathered: string[] = [];
  /** The handler has ended; its last item may still wait. */
  ended = false;

  constructor(name: string, opening: Opening, ledger: Ledger, emit: (item: StreamItem) => void, random: Randomness) {
    this.name = name;
    this.opening = opening;
    this.random = random;
    this.#ledger = ledger;
    this.#emit = emit;
    demand(!ledger.streams.has(name), () => `${name} is opened a second time`);
    ledger.streams.set(name, this.#certain);
  }

  /** The last item was sent. */
  get over(): boolean {
    return this.ended && this.#waiting.length === 0;
  }

  /** A late handler has something that may leave now. */
  get goesOn(): boolean {
    return this.opening.late && this.#mayLeave;
  }

  start(answer: string): void {
    const { kind, items } = this.opening;
    if (kind === 'client') this.#gathered.push(answer);
    if (kind === 'bidi') this.write(this.name, answer);
    if (kind !== 'server') return;
    for (let i = 1; i <= items; i++) this.write(this.name, i === 1 ? answer : `${answer}#${i}`);
    this.#end(this.name, 0);
  }

  message(name: string, position: number, answer: string): void {
    demand(position === this.#taken + 1, () => `${this.name} gets message ${position} after ${this.#taken}`);
    demand(
      position - this.#told <= STREAM_WINDOW,
      () => `${this.name} gets message ${position}, and has taken only ${this.#told} as far as its client knows`,
    );
    this.#taken++;
    if (this.opening.kind === 'client') this.#gathered.push(answer);
    else this.write(name, answer);
    if (this.#taken - this.#told >= STREAM_CREDIT_AT) {
      this.#told = this.#taken;
      this.#emit({ kind: 'window', upTo: this.#taken });
    }
    if (this.#taken === this.opening.endsAfter) this.#end(name, EARLY_END);
  }

  halfClose(position: number): void {
    demand(position === this.#taken + 1, () => `${this.name} ends at ${position} after ${this.#taken}`);
    const by = `${this.name}.end`;
    if (this.opening.kind === 'client') this.write(by, this.#gathered.join(LINES));
    this.#end(by, 0);
  }

  /** @param by the order of the credit */
  credit(upTo: number, by: string): void {
    if (upTo > this.#takenUpTo) this.#takenUpTo = upTo;
    this.#untaken = this.#untaken.filter((position) => position > upTo);
    if (!this.opening.late) this.#leave(Number.POSITIVE_INFINITY, by);
  }

  write(by: string, body: string): void {
    this.#messages++;
    this.#wait({ kind: 'message', place: this.#messages, by, body, code: 0 });
  }

  /** So many of the items that are ready leave now. */
  goOn(count: number): void {
    this.#leave(count);
  }

  #end(by: string, code: number): void {
    this.ended = true;
    this.#wait({ kind: 'status', place: this.#messages, by, body: this.#ledger.place, code });
  }

  #wait(written: Written): void {
    this.#waiting.push(written);
    if (!this.opening.late) {
      this.#leave(Number.POSITIVE_INFINITY);
      return;
    }
    if (written.kind === 'message' && this.#messages === 1) this.#certain.push(itemDigest(METADATA));
    this.#certain.push(itemDigest(itemOf(written)));
  }

  get #mayLeave(): boolean {
    const [first] = this.#waiting;
    if (first === undefined) return false;
    return first.kind !== 'message' || this.#untaken.length < STREAM_WINDOW;
  }

  #leave(count: number, by?: string): void {
    for (let i = 0; i < count && this.#mayLeave; i++) {
      const written = this.#waiting.shift();
      if (written === undefined) return;
      this.#send(by === undefined ? written : { ...written, by });
    }
  }

  #send(written: Written): void {
    if (written.kind === 'message' && !this.#metadataSent) {
      this.#metadataSent = true;
      this.#now(METADATA);
    }
    this.#now(itemOf(written));
    if (written.kind === 'message' && this.#items > this.#takenUpTo) this.#untaken.push(this.#items);
  }

  #now(item: StreamItem): void {
    this.#items++;
    if (!this.opening.late) this.#certain.push(itemDigest(item));
    this.#emit(item);
  }
}

/** The status code of a handler that ends before its client does. */
export const EARLY_END = 9;

function itemOf(written: Written): StreamItem {
  switch (written.kind) {
    case 'message':
      return { kind: 'message', message: bytesOf(messageText(written.place, written.by, written.body)) };
    case 'status': {
      const { code, place, by, body } = written;
      return { kind: 'status', outcome: { kind: 'reply', code, details: statusText(place, by, body) } };
    }
  }
}
