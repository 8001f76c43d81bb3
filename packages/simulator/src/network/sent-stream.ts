import type { NestedId, ReplicaEvent, Reply } from '@understudy/core/internal';
import { bytesOf } from '@understudy/core/testing';
import type { CalleeStream } from '../checks/nested-streams.js';
import type { Choices } from '../draw/choices.js';
import { UNREACHED } from '../services/nested.js';
import { newsText, type StreamNews } from '../services/nested-streams.js';

/** The replica whose handler opened the stream. */
export interface StreamOpener {
  readonly life: { goOnLater(run: () => void, withinMs: number): void };
  step(event: ReplicaEvent): void;
}

export interface SentStreamWorld {
  readonly choices: Choices;
}

/** The result of a write, and of a read or a write after the end of the stream. */
const NOTHING: StreamNews = { from: 0, upTo: 0 };

interface Write {
  readonly id: NestedId;
  /** The position of the first message that is left to send. */
  next: number;
  readonly upTo: number;
  readonly ends: boolean;
}

/**
 * A stream that really left, on the primary whose handler opened it, as the client library carries it: items are handed
 * over when a read waits, and a write has ended when the callee has its messages. The stream ends with its process.
 */
export class SentStream {
  readonly #world: SentStreamWorld;
  readonly #host: StreamOpener;
  readonly #stream: CalleeStream;
  readonly #opening: NestedId;
  readonly #withinMs: number;
  readonly #breaks: number;
  /** The last item received, and the last one handed over. */
  #came: number;
  #handed: number;
  #reader: NestedId | undefined;
  #write: Write | undefined;
  #ended = false;
  #scheduled = false;

  constructor(
    world: SentStreamWorld,
    host: StreamOpener,
    stream: CalleeStream,
    opening: NestedId,
    { received, withinMs, breaks }: { readonly received: number; readonly withinMs: number; readonly breaks: number },
  ) {
    this.#world = world;
    this.#host = host;
    this.#stream = stream;
    this.#opening = opening;
    this.#withinMs = withinMs;
    this.#breaks = breaks;
    this.#came = received;
    this.#handed = received;
    this.#later();
  }

  read(id: NestedId): void {
    if (this.#ended) return this.#reply(id, NOTHING);
    // By making this read the handler has taken what it read before, and the place of this read is stable.
    this.#stream.asked(this.#handed);
    this.#reader = id;
    this.#later();
  }

  /** Sends the messages after a position, and perhaps the end behind them. */
  write(id: NestedId, after: number, messages: number, ends: boolean): void {
    if (this.#ended) return this.#reply(id, NOTHING);
    this.#write = { id, next: after + 1, upTo: after + messages, ends };
    this.#later();
  }

  cancel(): void {
    this.#host.life.goOnLater(() => this.#end(UNREACHED), 0);
  }

  #later(): void {
    if (this.#scheduled || !this.#hasWork) return;
    this.#scheduled = true;
    this.#host.life.goOnLater(() => {
      this.#scheduled = false;
      this.#goOn();
    }, this.#withinMs);
  }

  /** Whether the stream has work; otherwise it waits for the handler's next operation. */
  get #hasWork(): boolean {
    const { items, isComplete } = this.#stream;
    const mayHandOver = this.#reader !== undefined && this.#came > this.#handed;
    return this.#write !== undefined || this.#came < items || isComplete || mayHandOver;
  }

  #goOn(): void {
    if (this.#ended) return;
    const { choices } = this.#world;
    if (choices.chance(this.#breaks)) {
      this.#end(UNREACHED);
      return;
    }
    this.#sendSome();
    const { items, isComplete } = this.#stream;
    if (this.#came < items) this.#came += 1 + choices.below(items - this.#came);
    if (isComplete && this.#came === items) {
      const outcome = replyWith({ from: this.#handed + 1, upTo: items, of: items });
      this.#end(outcome);
      return;
    }
    if (this.#reader !== undefined && this.#came > this.#handed && choices.chance(0.7)) this.#handOver(this.#reader);
    this.#later();
  }

  #sendSome(): void {
    const write = this.#write;
    if (write === undefined) return;
    const { choices } = this.#world;
    for (let n = 1 + choices.below(3); n > 0 && write.next <= write.upTo; n--) this.#stream.take(write.next++, false);
    if (write.next <= write.upTo || choices.chance(0.3)) return;
    if (write.ends) this.#stream.take(write.next, true);
    this.#write = undefined;
    this.#reply(write.id, NOTHING);
  }

  #handOver(reader: NestedId): void {
    const news = { from: this.#handed + 1, upTo: this.#came };
    this.#handed = this.#came;
    this.#reader = undefined;
    this.#reply(reader, news);
  }

  /** The status gets its place before the ends of the operations under way, as in the client library. */
  #end(outcome: Reply): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#host.step({ kind: 'nestedReply', to: this.#opening, outcome });
    if (this.#write !== undefined) this.#reply(this.#write.id, NOTHING);
    if (this.#reader !== undefined) this.#reply(this.#reader, NOTHING);
  }

  #reply(to: NestedId, news: StreamNews): void {
    this.#host.step({ kind: 'nestedReply', to, outcome: replyWith(news) });
  }
}

export const replyWith = (news: StreamNews): Reply => ({
  kind: 'reply',
  code: 0,
  details: '',
  message: bytesOf(newsText(news)),
});
