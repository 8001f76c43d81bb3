/**
 * The records that a session keeps for each open call of the application, until it is answered and its order is stable.
 */

import type { CallId, SeqNum } from '../model/ids.js';
import { bodyBytes, isLarge, type Request } from '../model/message.js';
import type { Outcome } from '../model/outcome.js';
import { STREAM_WINDOW, STREAM_WINDOW_BYTES, type StreamItem } from '../model/stream.js';
import type { PlaceInOrder } from '../ordering/remote-order.js';

/** A request with a seqNum. Its body is kept until it is answered and its order is stable. */
export interface Sent {
  readonly seqNum: SeqNum;
  readonly request: Request;
  /** The application's call while it waits for the reply. */
  call: CallId | undefined;
  /** Whether the reply has come. */
  answered: boolean;
  /** The place of the request, once a reply that was not stable has named it. */
  order: PlaceInOrder | undefined;
  /** Whether the order is known to be stable. */
  stable: boolean;
  /** Since when it is known that a promotion cut the order of this answered request; undefined if none did. */
  cutSinceMs?: number | undefined;
  /** Whether the request is on its way to the present primary as an RPC. */
  invoked: boolean;
  /** The stream that the request is a part of. */
  readonly stream: ClientStream | undefined;
  /** The request must travel by frame, because gRPC would end it as an RPC. */
  byFrame?: true;
}

/** A read that a backup is to answer. */
export interface BackupChoice {
  /** The slot to which it was sent, and when; undefined until then. */
  slot: number | undefined;
  sentAtMs: number;
}

/** A read-only call that the session has started. */
export interface Read {
  readonly readId: number;
  readonly request: Request;
  readonly call: CallId;
  /** Whether the read is on its way to the replica that is to answer it. */
  sent: boolean;
  /** A backup is to answer; undefined if the primary is. */
  backup: BackupChoice | undefined;
  /** As in `Sent`. */
  byFrame?: true;
}

/** The requests that a session keeps, with the bytes of the small and of the large ones. */
export class Kept<Key, Value extends { readonly request: Request }> extends Map<Key, Value> {
  smallBytes = 0;
  largeBytes = 0;

  override set(key: Key, value: Value): this {
    this.#count(this.get(key), -1);
    this.#count(value, 1);
    return super.set(key, value);
  }

  override delete(key: Key): boolean {
    this.#count(this.get(key), -1);
    return super.delete(key);
  }

  override clear(): void {
    this.smallBytes = 0;
    this.largeBytes = 0;
    super.clear();
  }

  #count(value: Value | undefined, times: 1 | -1): void {
    if (value === undefined) return;
    const bytes = bodyBytes(value.request);
    if (isLarge(value.request)) this.largeBytes += times * bytes;
    else this.smallBytes += times * bytes;
  }
}

/** A large request that waits for room on a link. */
export type Bulk = Carried | { readonly read: Read };

/** A request that a link is to carry. */
export interface Carried {
  readonly seqNum: SeqNum;
  readonly awaitStable: boolean;
}

/** A reply that the delivery rule holds back. */
export interface Held {
  readonly outcome: Outcome;
  readonly sinceMs: number;
  /** Whether the primary was asked to send the reply once it is stable. */
  asked: boolean;
}

/** A call that waits for a primary or for room. */
export interface Waiting {
  readonly call: CallId;
  readonly request: Request;
  readonly readOnly: boolean;
  readonly sinceMs: number;
}

/** A part of a stream that has no seqNum yet. */
type Unsent =
  | { readonly kind: 'message'; readonly position: number; readonly message: Uint8Array }
  | { readonly kind: 'end'; readonly position: number };

/** The progress of a nested stream that another process may have opened before. */
export interface NestedPlace {
  /** Whether the stream may have been opened before. */
  readonly again: boolean;
  /** The calling group has items up to this one. It says itself when it has them for good. */
  readonly received: number;
  /** The called group has everything up to this position in its order for good. */
  readonly position: number;
}

/** A streaming call as its session sees it. */
export class ClientStream {
  readonly call: CallId;
  readonly opening: Request;
  readonly sinceMs: number;
  /** The seqNum of the opening; undefined while it has none. */
  id: SeqNum | undefined;
  /** Whether the opening was processed. */
  opened = false;
  /**
   * Parts that the group refused because it did not know the stream. They are sent again once the fate of the opening
   * is known.
   */
  early: Sent[] = [];
  /** The last position given to a part. */
  position = 0;
  /** Parts that wait to be sent: at most one message and the end. */
  unsent: Unsent[] = [];
  /** The sizes of messages that the handler has not taken; the first is at position `handled + 1`. */
  readonly sizes: number[] = [];
  handled = 0;
  unhandledBytes = 0;
  /** Whether the application was told that it may send its next message. */
  invited = true;
  /** The index of the last item that the application was given; `held` items follow it. */
  received = 0;
  held: { readonly item: StreamItem; readonly sinceMs: number }[] = [];
  asked = false;
  /** The last item that the application has taken, and the last one that the group was told of. */
  taken = 0;
  credited = 0;
  /** The items that were given to the application and that it has not taken, with their sizes. */
  readonly given: { readonly index: number; readonly bytes: number; readonly isHidden: boolean }[] = [];
  takenBytes = 0;
  /** Whether a group opened the stream. It goes on with it elsewhere if this process dies. */
  readonly isNested: boolean;
  /** Whether messages wait until the opening was processed, because the group may know some of them already. */
  readonly waitsForOpening: boolean;
  readonly #window: number;

  constructor(call: CallId, opening: Request, sinceMs: number, nested?: NestedPlace) {
    this.isNested = nested !== undefined;
    this.waitsForOpening = nested?.again === true;
    const { received = 0, position = 0 } = nested ?? {};
    this.received = received;
    this.position = position;
    this.handled = position;
    this.call = call;
    this.opening = opening;
    this.sinceMs = sinceMs;
    this.#window = STREAM_WINDOW;
  }

  /** Whether the window has room for one more message. */
  get hasRoom(): boolean {
    return this.sizes.length < this.#window && (this.sizes.length === 0 || this.unhandledBytes < STREAM_WINDOW_BYTES);
  }
}
