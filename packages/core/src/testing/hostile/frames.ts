import type { SessionFrame, StreamAsk } from '../../model/frames.js';
import type { SeqNum, Term } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import type { StreamPart } from '../../model/stream.js';
import { bytesOf } from '../text.js';
import { sessionOf } from '../world/identity.js';

/** The methods that a hostile client calls. */
interface Paths {
  readonly call: string;
  readonly stream: string;
}

const LOG: Paths = { call: '/log.Log/Append', stream: '/log.Log/Chat' };
/** The largest number that the wire can carry. */
const HUGE = Number.MAX_SAFE_INTEGER;

/** Draws frames that a decoder accepts, in any order and with any numbers. The same seed draws the same frames. */
export class HostileFrames {
  readonly #group: string;
  readonly #paths: Paths;
  readonly #requests = new Map<SeqNum, Request>();
  #state: number;
  #sessions = 0;

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
          orders: [],
          retained: this.#some(3, () => this.#seqNum()).sort((a, b) => a - b),
          outstanding: this.#some(3, () => this.#seqNum()).sort((a, b) => a - b),
          streams: this.#asks(),
          sentUpTo: this.#seqNum(),
          repliesSeenUpTo: this.#seen(),
          sentAtMs: this.#clock(nowMs),
        };
      default:
        return {
          kind: 'multicast',
          header: {
            term: this.#term(),
            sentAtMs: this.#clock(nowMs),
            repliesSeenUpTo: this.#seen(),
            destOrderInfo: [],
            closing: this.below(30) === 0,
          },
          requests: this.#some(4, () => {
            const seqNum = this.#seqNum();
            return { seqNum, request: this.#requestOf(seqNum), awaitStable: this.below(4) === 0 };
          }),
          reads: this.#some(1, () => ({ readId: this.below(9), request: this.#call() })),
          streams: this.below(2) === 0 ? this.#asks() : [],
        };
    }
  }

  hello(nowMs: number): SessionFrame {
    return {
      kind: 'hello',
      group: this.#group,
      connection: sessionOf(0x100 + this.#sessions),
      fresh: this.below(2) === 0,
      term: this.#term(),
      repliesSeenUpTo: this.#seen(),
      sentAtMs: this.#clock(nowMs),
      settings: 0,
    };
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
    return { method: opens ? this.#paths.stream : '', message: bytesOf('x'), stream: this.#part(opens) };
  }

  #call(): Request {
    const bare = { method: this.#paths.call, message: bytesOf('x') };
    return this.below(6) === 0 ? { ...bare, key: `hostile ${this.below(3)}` } : bare;
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
