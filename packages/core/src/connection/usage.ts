/** How many bytes a replica keeps for its clients: bodies without an order, replies that were not seen, stream items. */

import { bodyBytes, metadataBytes, type Request } from '../model/message.js';
import type { Outcome } from '../model/outcome.js';
import type { StreamItem } from '../model/stream.js';

/** What each kept entry costs besides its payload, so that many small entries count too. */
const ENTRY_BYTES = 256;
/** What a connection costs by itself. */
export const CONNECTION_BYTES = 1024;

/** The bytes kept for one connection. They count in all too, until `release` is called. */
export class Usage {
  #bytes = 0;
  #all: Usage | undefined;

  constructor(all?: Usage) {
    this.#all = all;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#all?.add(bytes);
  }

  /** The connection is forgotten with everything that is kept for it. */
  release(): void {
    this.#all?.add(-this.#bytes);
    this.#all = undefined;
  }
}

export const requestCost = (request: Request): number => ENTRY_BYTES + bodyBytes(request) + (request.key?.length ?? 0);

export function outcomeCost(outcome: Outcome): number {
  if (outcome.kind !== 'reply') return ENTRY_BYTES;
  const { details, message, initialMetadata, trailers } = outcome;
  return (
    ENTRY_BYTES + details.length + (message?.length ?? 0) + metadataBytes(initialMetadata) + metadataBytes(trailers)
  );
}

export const keyedCost = (key: string, outcome: Outcome): number => key.length + outcomeCost(outcome);

export function itemCost(item: StreamItem): number {
  switch (item.kind) {
    case 'metadata':
      return ENTRY_BYTES + metadataBytes(item.entries);
    case 'message':
      return ENTRY_BYTES + item.message.length;
    case 'status':
      return outcomeCost(item.outcome);
    case 'window':
      return ENTRY_BYTES;
  }
}

/** A small body may keep a frame of this size in memory, as long as its client has few such bodies. */
const SMALL_FRAME_BYTES = 65_536;

/**
 * Bodies are views of the frames that brought them, and a frame stays in memory as long as one of its bodies does. A
 * body that is small beside its frame is copied, or a client could have much more kept than is counted.
 *
 * @param keptBytes what is kept for the client already
 */
export function compacted(request: Request, keptBytes: number): Request {
  const { message } = request;
  const frameBytes = message.buffer.byteLength;
  if (frameBytes <= 2 * message.length + 1024) return request;
  if (frameBytes <= SMALL_FRAME_BYTES && keptBytes <= SMALL_FRAME_BYTES) return request;
  const metadata = request.metadata?.map(([key, value]) => [key, copied(value)] as const);
  return { ...request, message: copied(message), ...(metadata && { metadata }) };
}

/** The `slice` of a Buffer would be a view again. */
const copied = <T extends string | Uint8Array>(value: T): T =>
  (typeof value === 'string' ? value : Uint8Array.prototype.slice.call(value)) as T;
