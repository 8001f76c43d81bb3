/** Light load for measuring failovers. */
import type { ServiceError } from '@grpc/grpc-js';
import { monotonicMs } from '../ipc/clock.js';
import type { Heard } from '../ipc/commands.js';
import { type CounterClient, PAYLOAD_BYTES } from '../service/proto.js';

const REQUEST = { amount: 1, payload: new Uint8Array(PAYLOAD_BYTES) };
/** A client with this many open calls makes no more. */
const OPEN_MAX = 10_000;

/** One client under light load: it makes a call at each interval, whether or not earlier calls were answered. */
class Beater {
  readonly #client: CounterClient;
  readonly #termOf: (client: CounterClient) => number;
  readonly #onReply: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAtMs = monotonicMs();
  calls = 0;
  replies = 0;
  failures = 0;
  failure: string | undefined;
  longestGapMs = 0;
  /** When the first and the last reply of each term arrived. */
  readonly firstReplyAtMs = new Map<number, number>();
  readonly lastReplyAtMs = new Map<number, number>();
  #lastReplyAtMs = this.#startedAtMs;

  constructor(client: CounterClient, termOf: (client: CounterClient) => number, everyMs: number, onReply: () => void) {
    this.#client = client;
    this.#termOf = termOf;
    this.#onReply = onReply;
    this.#timer = setInterval(() => this.#beat(), everyMs);
  }

  newestTerm(): number {
    return Math.max(0, ...this.firstReplyAtMs.keys());
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    if (this.calls - this.replies - this.failures >= OPEN_MAX) return;
    this.calls += 1;
    this.#client.add(REQUEST, (error) => this.#heard(error));
  }

  #heard(error: ServiceError | null): void {
    if (error !== null) {
      this.failures += 1;
      this.failure ??= error.message;
      return;
    }
    const nowMs = monotonicMs();
    this.replies += 1;
    // The time before the first reply is the time to connect, so it does not count as a gap.
    if (this.replies > 1) this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.#lastReplyAtMs);
    this.#lastReplyAtMs = nowMs;
    // A client never hands its application a reply of a term older than the newest it knows.
    const term = this.#termOf(this.#client);
    if (!this.firstReplyAtMs.has(term)) this.firstReplyAtMs.set(term, nowMs);
    this.lastReplyAtMs.set(term, nowMs);
    this.#onReply();
  }
}

/** Light load by several clients, which goes on through a change of primary. */
export class Beat {
  readonly #beaters: readonly Beater[];
  #waiting: { readonly term: number; readonly resolve: () => void }[] = [];
  #askedTerm = 0;

  constructor(clients: readonly CounterClient[], termOf: (client: CounterClient) => number, everyMs: number) {
    this.#beaters = clients.map((client) => new Beater(client, termOf, everyMs, () => this.#look()));
  }

  /** Resolves when every client has had a reply of a term newer than `term`. */
  heardOfTermAfter(term: number): Promise<void> {
    this.#askedTerm = term;
    return new Promise((resolve) => {
      this.#waiting.push({ term, resolve });
      this.#look();
    });
  }

  end(): Heard {
    const beaters = this.#beaters;
    for (const beater of beaters) beater.end();
    const sum = (of: (beater: Beater) => number): number => beaters.reduce((total, beater) => total + of(beater), 0);
    const newer = beaters.flatMap(({ firstReplyAtMs }) =>
      [...firstReplyAtMs].filter(([term]) => term > this.#askedTerm).map(([, atMs]) => atMs),
    );
    const older = beaters.flatMap(({ lastReplyAtMs }) =>
      [...lastReplyAtMs].filter(([term]) => term <= this.#askedTerm).map(([, atMs]) => atMs),
    );
    return {
      calls: sum(({ calls }) => calls),
      replies: sum(({ replies }) => replies),
      failures: sum(({ failures }) => failures),
      failure: beaters.find(({ failure }) => failure !== undefined)?.failure,
      lastOldReplyAtMs: Math.max(...older),
      firstReplyAtMs: Math.min(...newer),
      longestGapMs: Math.max(...beaters.map(({ longestGapMs }) => longestGapMs)),
    };
  }

  #look(): void {
    if (this.#waiting.length === 0) return;
    const oldest = Math.min(...this.#beaters.map((beater) => beater.newestTerm()));
    const met = this.#waiting.filter(({ term }) => oldest > term);
    this.#waiting = this.#waiting.filter(({ term }) => oldest <= term);
    for (const { resolve } of met) resolve();
  }
}
