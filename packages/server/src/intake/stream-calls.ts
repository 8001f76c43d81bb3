/** Streaming calls of clients without our interceptor. */
import type { ErrorCode } from '@understudy/core';
import {
  type CallId,
  type Outcome,
  type Reply,
  type Request,
  replyOf,
  STREAM_CREDIT_AT,
  STREAM_WINDOW,
  STREAM_WINDOW_BYTES,
  type StreamItem,
} from '@understudy/core/internal';
import { detailsForRpc, metadataOf } from '@understudy/grpc-common';
import type { StreamArrival } from '../capture/arrival.js';
import type { EventLoop } from '../loop/event-loop.js';
import { failStream, LIFE_ENDED } from './answer.js';
import { incomingCall } from './incoming-call.js';

interface OpenRpc {
  readonly arrival: StreamArrival;
  /** The sizes of the messages that the handler has not taken, in bytes. */
  readonly sizes: number[];
  bytes: number;
  handled: number;
  /** How many items were given to gRPC, how many of them it has taken, and how many of those the core knows of. */
  items: number;
  taken: number;
  told: number;
  /** The one reply of a client-streaming call, which waits for its status. */
  reply: Buffer | undefined;
}

export interface StreamCallsOptions {
  readonly loop: EventLoop;
  readonly nextId: () => CallId;
  /** Hears which RPC a request that opens a stream came from. */
  readonly onRequest: (request: Request, arrival: StreamArrival) => void;
}

/** Turns the RPCs of such calls into messages, and their items into what is sent, in one life of a replica. */
export class StreamCalls {
  readonly #loop: EventLoop;
  readonly #nextId: () => CallId;
  readonly #onRequest: StreamCallsOptions['onRequest'];
  readonly #open = new Map<CallId, OpenRpc>();

  constructor({ loop, nextId, onRequest }: StreamCallsOptions) {
    this.#loop = loop;
    this.#nextId = nextId;
    this.#onRequest = onRequest;
  }

  /** Takes a call. Never throws. */
  accept(arrival: StreamArrival): void {
    const incoming = incomingCall(arrival.call, arrival.kind === 'serverStream' ? arrival.call.request : NO_BYTES);
    if (incoming.header !== undefined) {
      failStream(
        arrival,
        'UNDERSTUDY_UNSUPPORTED',
        'a streaming call of a replicated client must travel in frames; update the client',
      );
      return;
    }
    const id = this.#nextId();
    const rpc: OpenRpc = { arrival, sizes: [], bytes: 0, handled: 0, items: 0, taken: 0, told: 0, reply: undefined };
    this.#open.set(id, rpc);
    arrival.call.on('cancelled', () => {
      if (this.#open.delete(id)) this.#loop.dispatch({ kind: 'callGone', call: id });
    });
    const request: Request = { ...incoming.request, stream: { kind: 'open' } };
    this.#onRequest(request, arrival);
    this.#loop.dispatch({ kind: 'plainCall', call: id, peer: incoming.peer, readOnly: false, request });
    this.#read(id, rpc);
  }

  /** @returns whether the call is one of these */
  onItem(id: CallId, item: StreamItem): boolean {
    const rpc = this.#open.get(id);
    if (rpc === undefined) return false;
    if (item.kind === 'window' && item.upTo > 0) {
      this.#handled(rpc, item.upTo);
      return true;
    }
    rpc.items++;
    switch (item.kind) {
      case 'metadata':
        rpc.arrival.call.sendMetadata(metadataOf(item.entries));
        break;
      case 'message':
        this.#write(id, rpc, rpc.items, Buffer.from(item.message));
        return true;
      case 'window':
        break;
      default:
        this.#open.delete(id);
        finish(rpc, replyOf(item.outcome));
        return true;
    }
    rpc.taken = Math.max(rpc.taken, rpc.items);
    return true;
  }

  /**
   * Takes the outcome of the opening: it was processed, or it was refused.
   *
   * @returns whether the call is one of these
   */
  onOutcome(id: CallId, outcome: Outcome): boolean {
    const rpc = this.#open.get(id);
    if (rpc === undefined) return false;
    if (outcome.kind === 'streamed') return true;
    this.#open.delete(id);
    finish(rpc, replyOf(outcome));
    return true;
  }

  fail(id: CallId, code: ErrorCode, reason: string, primary: string | undefined): boolean {
    const rpc = this.#open.get(id);
    if (rpc === undefined) return false;
    this.#open.delete(id);
    failStream(rpc.arrival, code, reason, primary);
    return true;
  }

  /** Fails all calls, because this life ends. */
  failAll(): void {
    for (const { arrival } of this.#open.values()) {
      failStream(arrival, 'UNDERSTUDY_INDETERMINATE', LIFE_ENDED);
    }
    this.#open.clear();
  }

  #read(id: CallId, rpc: OpenRpc): void {
    const { arrival } = rpc;
    if (arrival.kind === 'serverStream') return;
    const { call } = arrival;
    call.on('data', (message: Buffer) => {
      if (!this.#open.has(id)) return;
      rpc.sizes.push(message.length);
      rpc.bytes += message.length;
      if (!hasRoom(rpc)) call.pause();
      this.#loop.dispatch({ kind: 'plainPart', call: id, part: { kind: 'message', message } });
    });
    call.on('end', () => {
      if (this.#open.has(id)) this.#loop.dispatch({ kind: 'plainPart', call: id, part: { kind: 'end' } });
    });
    // A broken RPC is cancelled too, and that is handled above.
    call.on('error', () => {});
  }

  #handled(rpc: OpenRpc, upTo: number): void {
    for (; rpc.handled < upTo; rpc.handled++) rpc.bytes -= rpc.sizes.shift() ?? 0;
    const { arrival } = rpc;
    if (arrival.kind !== 'serverStream' && hasRoom(rpc)) arrival.call.resume();
  }

  #write(id: CallId, rpc: OpenRpc, index: number, message: Buffer): void {
    if (rpc.arrival.kind === 'clientStream') {
      rpc.reply = message;
      return;
    }
    rpc.arrival.call.write(message, () => {
      rpc.taken = Math.max(rpc.taken, index);
      if (rpc.taken - rpc.told < STREAM_CREDIT_AT && message.length < STREAM_WINDOW_BYTES / 2) return;
      rpc.told = rpc.taken;
      if (this.#open.has(id))
        this.#loop.dispatch({ kind: 'plainPart', call: id, part: { kind: 'taken', upTo: rpc.taken } });
    });
  }
}

const NO_BYTES = Buffer.alloc(0);

const hasRoom = ({ sizes, bytes }: OpenRpc): boolean => sizes.length < STREAM_WINDOW && bytes < STREAM_WINDOW_BYTES;

function finish({ arrival, reply }: OpenRpc, { code, details, trailers }: Reply): void {
  const metadata = trailers === undefined ? undefined : metadataOf(trailers);
  const status = { code, details: detailsForRpc(details), ...(metadata !== undefined && { metadata }) };
  if (arrival.kind === 'clientStream') {
    if (code === 0 && reply !== undefined) arrival.callback(null, reply, metadata);
    else arrival.callback(status);
  } else if (code === 0) {
    arrival.call.end(metadata);
  } else {
    arrival.call.emit('error', status);
  }
}
