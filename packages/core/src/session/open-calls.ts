/** What a session knows of each call of the application that is open. */
import type { CallId, SeqNum } from '../model/ids.js';
import type { Request } from '../model/message.js';
import type { OrderInfo } from '../model/order-info.js';
import type { Outcome } from '../model/outcome.js';
import { STREAM_WINDOW, STREAM_WINDOW_BYTES, type StreamItem } from '../model/stream.js';

/** A request that was given a seqNum; its body is kept until its order is stable and its reply has come. */
export interface Sent {
  readonly seqNum: SeqNum;
  readonly request: Request;
  /** The application's call, while it waits. */
  call: CallId | undefined;
  /** Its reply came. */
  answered: boolean;
  /** The order that it was given last. */
  order: OrderInfo | undefined;
  /** Its order is known to be stable. */
  stable: boolean;
  /** As an RPC: on its way to the present primary. */
  invoked: boolean;
  /** The stream that it is a message of. */
  readonly stream: ClientStream | undefined;
  /** gRPC does not let it pass as an RPC. */
  byFrame?: true;
}

export interface Read {
  readonly readId: number;
  readonly request: Request;
  readonly call: CallId;
  /** On its way to the present primary. */
  sent: boolean;
  /** As in `Sent`. */
  byFrame?: true;
}

/** A reply that the delivery rule holds back. */
export interface Held {
  readonly outcome: Outcome;
  readonly sinceMs: number;
  /** The primary was asked for it as a stable one. */
  asked: boolean;
}

export interface Waiting {
  readonly call: CallId;
  readonly request: Request;
  readonly readOnly: boolean;
  readonly sinceMs: number;
}

/** A message of a stream that has no seqNum yet. */
type Unsent =
  | { readonly kind: 'message'; readonly position: number; readonly message: Uint8Array }
  | { readonly kind: 'end'; readonly position: number };

/** A streaming call, as its session sees it. */
export class ClientStream {
  readonly call: CallId;
  readonly opening: Request;
  readonly sinceMs: number;
  /** seqNum of its opening; undefined while it has none. */
  id: SeqNum | undefined;
  /** Its opening was processed. */
  opened = false;
  /** Messages that came before their opening was known; they are sent again once it is clear what became of that. */
  early: Sent[] = [];
  /** Positions that its messages have. */
  position = 0;
  /** At most one message and the end. */
  unsent: Unsent[] = [];
  /** Sizes of messages that the handler has not taken; the first is at `handled + 1`. */
  readonly sizes: number[] = [];
  handled = 0;
  unhandledBytes = 0;
  /** The application was told that there is room for its next message. */
  invited = true;
  /** Items that the application was given; held ones follow. */
  received = 0;
  held: { readonly item: StreamItem; readonly sinceMs: number }[] = [];
  asked = false;
  /** Items that the application has taken, and how far the group was told. */
  taken = 0;
  credited = 0;
  /** Sizes of items given and not credited, by index. */
  readonly given: { readonly index: number; readonly bytes: number; readonly isHidden: boolean }[] = [];
  takenBytes = 0;
  readonly #window: number;

  constructor(call: CallId, opening: Request, sinceMs: number) {
    this.call = call;
    this.opening = opening;
    this.sinceMs = sinceMs;
    this.#window = STREAM_WINDOW;
  }

  /** Whether one more message may be on its way. */
  get hasRoom(): boolean {
    return this.sizes.length < this.#window && (this.sizes.length === 0 || this.unhandledBytes < STREAM_WINDOW_BYTES);
  }
}
