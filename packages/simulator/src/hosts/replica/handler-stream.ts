import type { Reply } from '@understudy/core/internal';
import { textOf } from '@understudy/core/testing';
import type { SentStream } from '../../network/sent-stream.js';
import { itemEntry, readNews, type StreamShape, statusEntry } from '../../services/nested-streams.js';
import { demand } from '../../violation.js';

/** The operations of a handler on a stream that it opened. The core treats each like a call. */
export type StreamOperation =
  | { readonly role: 'open' | 'read' }
  /** Sends this many messages behind those up to `after`, and perhaps the end. */
  | { readonly role: 'write'; readonly after: number; readonly messages: number; readonly ends: boolean };

/** The result of an operation's end: entries of the history, and further operations. */
export interface StreamStep {
  readonly entries: readonly string[];
  readonly next: readonly StreamOperation[];
  readonly isOver: boolean;
}

const MESSAGES_MAX = 3;

/**
 * A stream to another service as the handler that opened it has it, on every replica that executes. The opening ends
 * with the status, a read with the items that came, and a write when no replica need send it again (DESIGN 5.7).
 */
export class HandlerStream {
  readonly shape: StreamShape;
  /** Items up to this one have come. */
  received = 0;
  isCancelled = false;
  #position = 0;
  #ended = false;
  /** On the primary that opened the stream: the call that left the process. */
  sent: SentStream | undefined;

  constructor(shape: StreamShape) {
    this.shape = shape;
  }

  /** Cancels the stream, because its handler never goes on and would never end it. */
  cancel(): void {
    this.isCancelled = true;
    this.sent?.cancel();
  }

  begin(): readonly StreamOperation[] {
    return [{ role: 'open' }, ...this.#read(), ...this.#write()];
  }

  heard(operation: StreamOperation, outcome: Reply): StreamStep {
    const { name } = this.shape;
    const isOver = operation.role === 'open';
    if (outcome.code !== 0) {
      this.#ended = true;
      return { entries: [statusEntry(name, undefined)], next: [], isOver };
    }
    const { from, upTo, of } = readNews(textOf(outcome.message));
    // Its process was gone, or the stream had ended.
    if (this.#ended) return { entries: [], next: [], isOver };
    demand(
      upTo < from || upTo === 0 || from === this.received + 1,
      () => `${name} gets items ${from} to ${upTo} after ${this.received}`,
    );
    const entries: string[] = [];
    while (this.received < upTo) entries.push(itemEntry(name, ++this.received));
    if (isOver) {
      this.#ended = true;
      return { entries: [...entries, statusEntry(name, of)], next: [], isOver };
    }
    if (operation.role !== 'write') return { entries, next: this.#read(), isOver };
    this.#position += operation.messages;
    return { entries, next: this.#write(), isOver };
  }

  #read(): readonly StreamOperation[] {
    return this.shape.kind === 'client' ? [] : [{ role: 'read' }];
  }

  #write(): readonly StreamOperation[] {
    const { kind, length } = this.shape;
    const after = this.#position;
    if (kind === 'server' || after >= length) return [];
    const messages = Math.min(MESSAGES_MAX, length - after);
    return [{ role: 'write', after, messages, ends: after + messages === length }];
  }
}
