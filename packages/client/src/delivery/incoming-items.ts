/** Items that a stream has received and its application has not heard yet. */

import { status as Status, type StatusObject } from '@grpc/grpc-js';
import { realImmediate } from '@understudy/context';
import { assert, type MetadataEntries, type Reply, type StreamItem, unreachable } from '@understudy/core/internal';

/** The end of a stream, which either the session brought or this side made. */
export type IncomingEnd =
  | { readonly local: false; readonly ending: Reply }
  | { readonly local: true; readonly ending: StatusObject };

/** The event that the application is to hear next. */
export type Incoming =
  /** `index` is 0 for metadata that no item brought. */
  | { readonly kind: 'metadata'; readonly entries: MetadataEntries | undefined; readonly index: number }
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly index: number }
  | { readonly kind: 'end'; readonly end: IncomingEnd };

type IncomingMessage = Incoming & { kind: 'message' };

/**
 * Keeps what came for the application until it asks: initial metadata is due at once, one message for each read, and
 * the status when all messages were read. As in grpc-js, an error is due earlier if the application has stopped
 * reading; the unread messages are dropped then.
 */
export class IncomingItems {
  readonly #onChange: () => void;
  #metadata: (Incoming & { kind: 'metadata' }) | undefined;
  #begun = false;
  #messages: IncomingMessage[] = [];
  #reads = 0;
  #end: (Incoming & { kind: 'end' }) | undefined;
  #watching = false;

  /** @param onChange called when something may have become due */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Makes initial metadata due even if none came: a sender that starts with a message has sent empty metadata. */
  begin(): void {
    if (!this.#begun) this.#begin(undefined, 0);
  }

  push(item: StreamItem, index: number): void {
    assert(this.#end === undefined, () => `item ${index} after the end of its stream`);
    switch (item.kind) {
      case 'metadata':
        assert(!this.#begun, () => `initial metadata at ${index}, which is not the first item`);
        this.#begin(item.entries, index);
        return;
      case 'message':
        this.begin();
        this.#messages.push({ kind: 'message', bytes: item.message, index });
        this.#onChange();
        return;
      case 'window':
      case 'status':
        assert(false, () => `an item of kind ${item.kind} is not for the application`);
        break;
      default:
        unreachable(item, 'stream item');
    }
  }

  /** Sets the end, which is heard last, after the messages. */
  end(end: IncomingEnd): void {
    this.#end ??= { kind: 'end', end };
    this.#onChange();
    this.#watchReader();
  }

  startRead(): void {
    // As in grpc-js, all reads that find no message count as one.
    this.#reads = Math.min(this.#reads + 1, this.#messages.length + 1);
    this.#onChange();
  }

  get due(): boolean {
    return this.#metadata !== undefined || this.#messageDue || this.#endDue;
  }

  /** Hands over the next thing that is due; undefined if nothing is. */
  take(): Incoming | undefined {
    const metadata = this.#metadata;
    if (metadata !== undefined) {
      this.#metadata = undefined;
      return metadata;
    }
    if (this.#messageDue) {
      this.#reads--;
      const message = this.#messages.shift();
      this.#watchReader();
      return message;
    }
    return this.#endDue ? this.#end : undefined;
  }

  /** Forgets everything but the end, because the application is to hear nothing else. */
  drop(): void {
    this.#metadata = undefined;
    this.#messages = [];
  }

  get #messageDue(): boolean {
    return this.#reads > 0 && this.#messages.length > 0;
  }

  get #endDue(): boolean {
    return this.#end !== undefined && this.#messages.length === 0;
  }

  #begin(entries: MetadataEntries | undefined, index: number): void {
    this.#begun = true;
    this.#metadata = { kind: 'metadata', entries, index };
    this.#onChange();
  }

  /**
   * Drops what is unread after an error, if the application has not read for a whole turn and so has stopped reading.
   */
  #watchReader(): void {
    if (this.#watching || this.#end === undefined || this.#end.end.ending.code === Status.OK) return;
    if (this.#messages.length === 0) return;
    this.#watching = true;
    realImmediate(() => {
      this.#watching = false;
      if (this.#reads > 0) return;
      this.#messages = [];
      this.#onChange();
    });
  }
}
