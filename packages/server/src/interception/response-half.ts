/** The items of a stream on their way through the user's interceptors to the wire. */
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { type MetadataEntries, type Reply, replyOf, type StreamItem } from '@understudy/core/internal';
import { metadataOf } from '@understudy/grpc-common';
import type { PartialStatus } from '../handlers/status.js';
import type { StreamWireCall, WireSink } from './stream-wire-call.js';

export interface ResponseHalfOptions {
  /** Whether the method has only one reply. */
  readonly singleReply: boolean;
  readonly passed: (index: number, item: StreamItem) => void;
  readonly ended: (outcome: Reply) => void;
  /** Called when an interceptor sends something that has no place among the handler's items. */
  readonly refuse: () => void;
}

interface Item<K extends StreamItem['kind'] = StreamItem['kind']> {
  readonly index: number;
  readonly item: Extract<StreamItem, { kind: K }>;
}

/** Stands for an item that interceptors kept. The client gets nothing for it. */
const NOTHING: StreamItem = Object.freeze({ kind: 'window', upTo: 0 });

/** Gives interceptors what the handler of a stream sends, one at a time. Each item comes out as exactly one. */
export class ResponseHalf implements WireSink {
  readonly #options: ResponseHalfOptions;
  readonly #waiting: Item[] = [];
  #call: ServerInterceptingCallInterface | undefined;
  #wire: StreamWireCall | undefined;
  /** The index of the metadata, the message and the status that interceptors were given and have not sent yet. */
  #metadata: number | undefined;
  #message: number | undefined;
  #status: number | undefined;
  /** Interceptors were given a message and have not asked for the next. */
  #sending = false;
  /** Whether interceptors were given a message before. */
  #afterMessage = false;
  /** Initial metadata that interceptors sent by themselves, before the handler did. */
  #own: MetadataEntries | undefined;

  constructor(options: ResponseHalfOptions) {
    this.#options = options;
  }

  /** Begins to give items, because the opening came through and the handler may run. */
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
        // As in grpc-js, the status follows once the message is written; what the client sent meanwhile is heard first.
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

  /** Goes on: interceptors ask for the next message, after they sent the last one or kept it. */
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

/** As in grpc-js, interceptors see `null` where the callback of a single reply gave no trailers. */
const statusOf = ({ code, details, trailers }: Reply, singleReply: boolean): PartialStatus => ({
  code,
  details,
  metadata: trailers === undefined && singleReply ? null : metadataOf(trailers),
});
