import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { type MetadataEntries, type Reply, replyOf, type StreamItem } from '@understudy/core/internal';
import { metadataOf } from './metadata.js';
import type { PartialStatus } from './status.js';
import type { StreamWireCall, WireSink } from './stream-wire-call.js';

export interface ResponseHalfOptions {
  /** The method has one reply. */
  readonly singleReply: boolean;
  readonly passed: (index: number, item: StreamItem) => void;
  readonly ended: (outcome: Reply) => void;
  /** An interceptor sent what has no place among the handler's items. */
  readonly refuse: () => void;
}

interface Item<K extends StreamItem['kind'] = StreamItem['kind']> {
  readonly index: number;
  readonly item: Extract<StreamItem, { kind: K }>;
}

/** In place of an item that interceptors kept: its client hears nothing of it. */
const NOTHING: StreamItem = Object.freeze({ kind: 'window', upTo: 0 });

/** What the handler of a stream sends, on its way through the interceptors to the wire; each item comes out as one. */
export class ResponseHalf implements WireSink {
  readonly #options: ResponseHalfOptions;
  readonly #waiting: Item[] = [];
  #call: ServerInterceptingCallInterface | undefined;
  #wire: StreamWireCall | undefined;
  /** What interceptors were given and did not send yet. */
  #metadata: number | undefined;
  #message: number | undefined;
  #status: number | undefined;
  /** A message was given, and they did not ask for the next. */
  #sending = false;
  /** The last thing given was a message. */
  #afterMessage = false;
  /** Initial metadata that they sent by themselves, before the handler. */
  #own: MetadataEntries | undefined;

  constructor(options: ResponseHalfOptions) {
    this.#options = options;
  }

  /** The opening came through: from now on a handler may send. */
  open(call: ServerInterceptingCallInterface, wire: StreamWireCall): void {
    this.#call = call;
    this.#wire = wire;
    this.#next();
  }

  send(index: number, item: StreamItem): void {
    this.#waiting.push({ index, item } as Item);
    this.#next();
  }

  onMetadata(entries: MetadataEntries): void {
    if (this.#metadata === undefined) this.#own = entries;
    else this.#passMetadata({ kind: 'metadata', entries });
  }

  onMessage(message: Uint8Array): void {
    const index = this.#message;
    this.#message = undefined;
    if (index === undefined) this.#options.refuse();
    else this.#options.passed(index, { kind: 'message', message });
  }

  onStatus(outcome: Reply): void {
    const { ended, passed } = this.#options;
    if (this.#status === undefined) {
      ended(outcome);
      return;
    }
    this.#passMetadata(NOTHING);
    passed(this.#status, { kind: 'status', outcome });
  }

  #next(): void {
    const call = this.#call;
    const wire = this.#wire;
    if (call === undefined || wire === undefined) return;
    while (!this.#sending && !wire.over) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      wire.guard(() => this.#give(next, call, wire));
    }
  }

  #give({ index, item }: Item, call: ServerInterceptingCallInterface, wire: StreamWireCall): void {
    switch (item.kind) {
      case 'metadata':
        this.#metadata = index;
        call.sendMetadata(metadataOf(item.entries));
        if (this.#own !== undefined) this.#passMetadata({ kind: 'metadata', entries: this.#own });
        return;
      case 'message':
        this.#sending = true;
        this.#afterMessage = true;
        this.#message = index;
        call.sendMessage(wire.showResponse(item.message), () => this.#sent());
        return;
      case 'status': {
        this.#sending = true;
        const send = () => this.#sendStatus(index, replyOf(item.outcome), call, wire);
        // As in grpc-js it follows once the message is written; what the client sent meanwhile is heard first.
        if (this.#afterMessage) setImmediate(send);
        else send();
        return;
      }
      default:
        this.#options.passed(index, item);
    }
  }

  #sendStatus(index: number, outcome: Reply, call: ServerInterceptingCallInterface, wire: StreamWireCall): void {
    if (wire.over) return;
    this.#status = index;
    wire.guard(() => call.sendStatus(statusOf(outcome, this.#options.singleReply)));
  }

  /** They want the next message, and have sent the last one, or kept it. */
  #sent(): void {
    if (this.#message !== undefined) this.#options.passed(this.#message, NOTHING);
    this.#message = undefined;
    this.#sending = false;
    this.#next();
  }

  #passMetadata(item: StreamItem): void {
    if (this.#metadata === undefined) return;
    this.#options.passed(this.#metadata, item);
    this.#metadata = undefined;
    this.#own = undefined;
  }
}

/** Interceptors see `null` where the callback of a single reply gave no trailers, as they do in grpc-js. */
const statusOf = ({ code, details, trailers }: Reply, singleReply: boolean): PartialStatus => ({
  code,
  details,
  metadata: trailers === undefined && singleReply ? null : metadataOf(trailers),
});
