import type { RpcRequestHeader, SessionFrame, SessionHeader, StreamAsk } from '../../model/frames.js';
import type { MetadataEntries } from '../../model/grpc/metadata.js';
import { type ConnectionId, NO_SEQ, type OrderNum, type SeqNum, type Term } from '../../model/ids.js';
import { LARGE_BYTES, type Request } from '../../model/message.js';
import type { NestedCaller } from '../../model/nested.js';
import type { ReadRequest } from '../../model/reads.js';
import type { SealedOrders } from '../../model/sealed.js';
import type { StreamPart } from '../../model/stream.js';
import { bytesOf } from '../text.js';
import { sessionOf } from '../world/identity.js';

/** The methods that a hostile client calls. */
interface Paths {
  readonly call: string;
  readonly stream: string;
  /** A method that the group declares read-only. */
  readonly read: string;
}

/** A call that travels as an RPC of its own. */
export interface HostileRpc {
  readonly header: RpcRequestHeader;
  readonly request: Request;
}

const LOG: Paths = { call: '/log.Log/Append', stream: '/log.Log/Chat', read: '/log.Log/Read' };
/** So many of the newest boxes are kept to be reflected, whatever session they were sealed for. */
const BOXES_MAX = 32;
/** The largest number that the wire can carry. */
const HUGE = Number.MAX_SAFE_INTEGER;

/** Draws frames and RPCs that a decoder accepts, in any order and with any numbers. The same seed draws the same frames. */
export class HostileFrames {
  readonly #group: string;
  readonly #paths: Paths;
  readonly #requests = new Map<SeqNum, Request>();
  #boxes: readonly SealedOrders[] = [];
  #state: number;
  #sessions = 0;
  #rpcs = 0;

  constructor(seed: number, group: string, paths = LOG) {
    this.#state = seed;
    this.#group = group;
    this.#paths = paths;
  }

  /** A whole number below `n` (mulberry32). */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % n;
  }

  /** A replica sent these. They are reflected later, to any replica, in any session, whole or damaged. */
  learn(boxes: readonly SealedOrders[]): void {
    this.#boxes = [...this.#boxes, ...boxes].slice(-BOXES_MAX);
  }

  frame(nowMs: number): SessionFrame {
    // The next hello opens a new connection.
    if (this.below(120) === 0) this.#sessions++;
    switch (this.below(12)) {
      case 0:
        return this.hello(nowMs);
      case 1:
        return this.below(8) === 0 ? { kind: 'goodbye' } : this.hello(nowMs);
      case 2:
      case 3:
        return {
          kind: 'collected',
          term: (1 + this.below(4)) as Term,
          orders: this.#reflected(),
          retained: this.#some(3, () => this.#seqNum()).sort((a, b) => a - b),
          outstanding: this.#some(3, () => this.#seqNum()).sort((a, b) => a - b),
          streams: this.#asks(),
          sentUpTo: this.#seqNum(),
          repliesSeenUpTo: this.#seen(),
          sentAtMs: this.#clock(nowMs),
        };
      case 4:
        return { kind: 'backupReads', term: this.#term(), after: this.#orderNum(), reads: this.#reads(3) };
      default:
        return {
          kind: 'multicast',
          header: this.#header(nowMs),
          requests: this.#some(4, () => {
            const seqNum = this.#seqNum();
            return { seqNum, request: this.#requestOf(seqNum), awaitStable: this.below(4) === 0 };
          }),
          reads: this.#reads(1),
          streams: this.below(2) === 0 ? this.#asks() : [],
          ...(this.below(8) === 0 && { coming: this.#some(3, () => this.#seqNum()).sort((a, b) => a - b) }),
        };
    }
  }

  /** How many RPCs were drawn. */
  get rpcs(): number {
    return this.#rpcs;
  }

  rpc(nowMs: number): HostileRpc {
    this.#rpcs++;
    const seqNum = this.below(4) === 0 ? NO_SEQ : this.#seqNum();
    const header = {
      seqNum,
      awaitStable: this.below(4) === 0,
      header: this.#header(nowMs),
      connection: this.#connection,
    };
    return { header, request: seqNum === NO_SEQ ? this.#call() : this.#requestOf(seqNum) };
  }

  hello(nowMs: number): SessionFrame {
    return {
      kind: 'hello',
      group: this.#group,
      connection: this.#connection,
      fresh: this.below(2) === 0,
      term: this.#term(),
      repliesSeenUpTo: this.#seen(),
      sentAtMs: this.#clock(nowMs),
      settings: 0,
    };
  }

  get #connection(): ConnectionId {
    return sessionOf(0x100 + this.#sessions);
  }

  #header(nowMs: number): SessionHeader {
    return {
      term: this.#term(),
      sentAtMs: this.#clock(nowMs),
      repliesSeenUpTo: this.#seen(),
      destOrderInfo: this.#reflected(),
      closing: this.below(30) === 0,
    };
  }

  /** A session that reflects what was not sealed for it is refused, so that is drawn seldom. */
  #reflected(): SealedOrders[] {
    const { length } = this.#boxes;
    if (length === 0 || this.below(12) > 0) return [];
    const boxes = this.#some(2, () => this.#boxes[this.below(length)] as SealedOrders);
    return this.below(6) > 0 ? boxes : boxes.map((sealed) => ({ ...sealed, last: this.#orderNum() }));
  }

  #reads(most: number): ReadRequest[] {
    return this.#some(most, () => ({ readId: this.below(9), request: this.#call() }));
  }

  #some<T>(most: number, draw: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, draw);
  }

  /** Mostly a small number, seldom one at an end of the range of the wire. */
  #number(): number {
    const odds = this.below(200);
    if (odds === 0) return HUGE;
    if (odds === 1) return HUGE - 1;
    if (odds === 2) return 65_537;
    return this.below(24);
  }

  #seqNum(): SeqNum {
    return this.#number() as SeqNum;
  }

  #orderNum(): OrderNum {
    return this.#number() as OrderNum;
  }

  /** A client that says that it saw everything has nothing to ask for any more, so that is drawn seldom. */
  #seen(): SeqNum {
    return (this.below(400) === 0 ? this.#number() : this.below(4)) as SeqNum;
  }

  #term(): Term {
    return (this.below(300) === 0 ? HUGE : this.below(4)) as Term;
  }

  #clock(nowMs: number): number {
    const odds = this.below(20);
    if (odds === 0) return -Number.MAX_VALUE;
    return odds === 1 ? Number.MAX_VALUE : nowMs;
  }

  #asks(): StreamAsk[] {
    return this.#some(3, () => ({ of: this.#seqNum(), received: this.#number(), awaitStable: this.below(2) === 0 }));
  }

  /** All connections have the same bodies under the same numbers, so no two replicas get different ones. */
  #requestOf(seqNum: SeqNum): Request {
    let request = this.#requests.get(seqNum);
    if (request === undefined) {
      request = this.#request();
      this.#requests.set(seqNum, request);
    }
    return request;
  }

  #request(): Request {
    if (this.below(3) === 0) return this.#call();
    const opens = this.below(3) === 0;
    const bare = { method: opens ? this.#paths.stream : '', message: this.#message(), stream: this.#part(opens) };
    return opens ? this.#dressed(bare) : bare;
  }

  #call(): Request {
    const method = this.below(4) === 0 ? this.#paths.read : this.#paths.call;
    return this.#dressed({ method, message: this.#message() });
  }

  /** The request with what a call may have besides. */
  #dressed(request: Request): Request {
    return {
      ...request,
      ...(this.below(6) === 0 && { metadata: this.#metadata() }),
      ...(this.below(12) === 0 && { deadlineMs: this.#number() }),
      ...(this.below(6) === 0 && { nested: this.#caller() }),
    };
  }

  /** Mostly a byte, seldom so many that it travels alone. */
  #message(): Uint8Array {
    return bytesOf('x'.repeat(this.below(40) === 0 ? LARGE_BYTES + this.below(LARGE_BYTES) : 1));
  }

  #metadata(): MetadataEntries {
    return this.#some(4, () => [`x-${this.below(3)}`, 'y'.repeat(this.below(100))] as const);
  }

  #caller(): NestedCaller {
    const id = { orderNum: this.#orderNum(), index: this.below(3) };
    const named = { client: `hostile/${this.below(3)}`, term: this.#term(), id, settledUpTo: this.#orderNum() };
    return this.below(4) === 0 ? { ...named, received: this.#number() } : named;
  }

  #part(opens: boolean): StreamPart {
    if (opens) return { kind: 'open' };
    const of = this.#seqNum();
    switch (this.below(4)) {
      case 0:
        return { kind: 'end', of, position: this.#number() };
      case 1:
        return { kind: 'cancel', of };
      case 2:
        return { kind: 'credit', taken: this.#some(3, () => ({ of: this.#seqNum(), upTo: this.#number() })) };
      default:
        return { kind: 'message', of, position: this.#number() };
    }
  }
}
