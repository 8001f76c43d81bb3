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

/** Divides the bytes that are kept for one connection among the clients that share it. */
export class Shares {
  readonly #all: Usage;
  /** Clients for which something is kept. */
  readonly #bytes = new Map<string, number>();

  constructor(all: Usage) {
    this.#all = all;
  }

  of(client: string): Usage {
    return new Share(this, client, this.#all);
  }

  bytesOf(client: string): number {
    return this.#bytes.get(client) ?? 0;
  }

  add(client: string, bytes: number): void {
    const sum = this.bytesOf(client) + bytes;
    if (sum === 0) this.#bytes.delete(client);
    else this.#bytes.set(client, sum);
  }
}

/** What is kept for one of several clients on a connection. */
class Share extends Usage {
  readonly #shares: Shares;
  readonly #client: string;

  constructor(shares: Shares, client: string, all: Usage) {
    super(all);
    this.#shares = shares;
    this.#client = client;
  }

  /** All that is kept for the client, whether it was added here or to another `Share` of it. */
  override get bytes(): number {
    return this.#shares.bytesOf(this.#client);
  }

  override add(bytes: number): void {
    super.add(bytes);
    this.#shares.add(this.#client, bytes);
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
