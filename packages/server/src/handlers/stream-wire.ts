/** The lower end of a streaming method's call object, in the place where grpc-js has the HTTP/2 stream. */
import type { Metadata } from '@grpc/grpc-js';
import { STREAM_UNREAD_MAX, STREAM_UNREAD_MAX_BYTES, type StreamItem } from '@understudy/core/internal';
import { entriesOf, errorStatus, NO_METADATA } from '@understudy/grpc-common';
import type { CapturedStream } from '../capture/captured.js';
import type { DuplexCall, ReceivingOwner } from './duplex-call.js';
import { deserializeRequest, serializeResponse } from './messages.js';
import { RequestQueue } from './request-queue.js';
import { ResponseWindow } from './response-window.js';
import { outcomeOf, type PartialStatus, REQUEST_UNREADABLE, RESPONSE_UNWRITABLE } from './status.js';
import type { StreamCall, Written } from './writable-call.js';

export interface StreamWireOptions {
  readonly captured: CapturedStream;
  readonly onItem: (item: StreamItem) => void;
  readonly onListenerFault: (kind: 'threw' | 'rejected', error: unknown) => void;
}

/** Hands out the client's messages as the call object reads them, and makes items of what the call object sends. */
export class StreamWire implements ReceivingOwner {
  readonly requests: RequestQueue;
  readonly #options: StreamWireOptions;
  readonly #window = new ResponseWindow();
  #call: StreamCall | undefined;
  #items = 0;
  #metadataSent = false;
  #over = false;
  /** Asks for the next message; called once there is room. */
  #sent: (() => void) | undefined;

  constructor(options: StreamWireOptions) {
    this.#options = options;
    this.requests = new RequestQueue({
      onMessage: (bytes) => this.#onMessage(bytes),
      onEnd: () => this.#push(null),
      onWindow: (upTo) => this.#options.onItem({ kind: 'window', upTo }),
    });
  }

  get over(): boolean {
    return this.#over;
  }

  attach<C extends StreamCall>(call: C): C {
    this.#call = call;
    return call;
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    // As in grpc-js, a handler that has read everything sees its stream end first.
    process.nextTick(() => this.requests.end());
    afterReactions(() => this.#notifyCancel());
  }

  credit(upTo: number): void {
    this.#window.taken(upTo);
    const sent = this.#sent;
    if (sent === undefined || !this.#window.open) return;
    this.#sent = undefined;
    sent();
  }

  endWith(status: PartialStatus): void {
    this.#call?.endWith(status);
  }

  startRead(): void {
    if (!this.#over) this.requests.startRead();
  }

  buffered(count: number): void {
    if (!this.#over) this.requests.buffered(count);
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#over || this.#metadataSent) return;
    this.#metadataSent = true;
    // Like grpc-js, this takes nothing for empty metadata.
    this.#emit({ kind: 'metadata', entries: metadata ? entriesOf(metadata) : NO_METADATA });
  }

  written(message: unknown): Written {
    const bytes = serializeResponse(this.#options.captured, message);
    this.#window.written(bytes?.length ?? 0);
    return { bytes };
  }

  afterWrite(): void {
    if (this.#over || !this.#window.overflows) return;
    const reason = overflow(this.#options.captured.path);
    this.sendStatus(errorStatus('UNDERSTUDY_OVERLOADED', reason, { mayHaveTakenEffect: true }));
  }

  sendMessage({ bytes }: Written, sent: () => void): void {
    if (this.#over) return;
    this.#window.leaves(bytes?.length ?? 0);
    if (bytes === undefined) {
      this.sendStatus(RESPONSE_UNWRITABLE);
      return;
    }
    if (!this.#metadataSent) {
      this.#metadataSent = true;
      this.#emit({ kind: 'metadata', entries: NO_METADATA });
    }
    this.#emit({ kind: 'message', message: bytes });
    this.#window.sent(this.#items, bytes.length);
    // The only reply of a method needs no room for another.
    if (this.#options.captured.kind !== 'clientStream' && !this.#window.open) this.#sent = sent;
    // The next message waits for a later tick, because in grpc-js messages that a handler writes in one go wait in its
    // stream behind the first one.
    else process.nextTick(sent);
  }

  sendStatus(status: PartialStatus): void {
    if (this.#over) return;
    this.#over = true;
    this.#emit({ kind: 'status', outcome: outcomeOf(status) });
    // grpc-js emits `cancelled` after every end.
    afterReactions(() => this.#notifyCancel());
  }

  listenerFailed(kind: 'threw' | 'rejected', error: unknown): void {
    this.#options.onListenerFault(kind, error);
  }

  #onMessage(bytes: Uint8Array): void {
    let message: unknown;
    try {
      message = deserializeRequest(this.#options.captured, bytes);
    } catch {
      this.sendStatus(REQUEST_UNREADABLE);
      return;
    }
    this.#push(message);
  }

  #notifyCancel(): void {
    const call = this.#call;
    if (call === undefined) return;
    call.cancelled = true;
    call.emit('cancelled', 'cancelled');
    call.destroy();
  }

  #push(message: unknown): void {
    // Only a duplex call asks for messages.
    (this.#call as DuplexCall).push(message);
  }

  #emit(item: StreamItem): void {
    this.#items++;
    this.#options.onItem(item);
  }
}

/**
 * At the end of a stream, node's streams act in ticks and the handlers that wait for them in microtasks, a few times in
 * turn.
 */
const REACTIONS = 5;

/**
 * Calls `act` where grpc-js would have waited for the transport, by when a handler is done with what it does at the end
 * of a stream.
 */
function afterReactions(act: () => void, rounds = REACTIONS): void {
  process.nextTick(() => {
    if (rounds === 0) act();
    else queueMicrotask(() => afterReactions(act, rounds - 1));
  });
}

const overflow = (path: string): string =>
  `the handler of ${path} wrote more than ${STREAM_UNREAD_MAX} messages or ${STREAM_UNREAD_MAX_BYTES} bytes ahead of its client; wait for 'drain' when write() returns false`;
