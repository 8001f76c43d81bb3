import type { Message } from '../../../connection/message.js';
import type { Stream } from '../../../connection/stream.js';
import { NO_ORDER, type OrderNum } from '../../../model/ids.js';
import type { Reply } from '../../../model/outcome.js';
import type { Deaths, GroupRecord } from '../../../model/record.js';
import type { Work } from '../../../scheduling/scheduler.js';

/** A message whose handler may go on later, with the method and digest by which users recognise it when it is gone. */
export interface HandlerBegin {
  readonly message: Message;
  readonly method: string;
  readonly digest: string;
}

const CALLERS_MAX = 65_536;
const FREED_MAX = 16_384;
/**
 * The most messages of a term that are started with care although nothing names them, in all and for one handler or
 * name.
 */
const ANONYMOUS_MAX = 256;
const ANONYMOUS_OF_NAME_MAX = 8;

/** The notes by which a replica recognises messages of death and takes no other messages for them (DESIGN 5.14). */
export class DeathNotes {
  /** The last message that this primary started with care. */
  carefulAt: OrderNum = NO_ORDER;
  /** The call that this primary has ordered and not started yet. */
  ordered: Extract<Work, { kind: 'call' }> | undefined;
  /** The messages whose handlers made nested calls or armed timers, by the order in which they did, while any is open. */
  readonly callersAt = new Map<OrderNum, HandlerBegin>();
  /** Streams of which a message was passed over. The next replica that serves ends them. */
  readonly ended = new Map<Stream, Reply>();
  readonly #freed = new Set<string>();
  #termSinceMs = Number.NEGATIVE_INFINITY;
  #judgedSinceMs = Number.NEGATIVE_INFINITY;
  readonly #anonymous = new Map<string, number>();
  #anonymousCount = 0;
  #suspects: Deaths['suspects'] = [];
  #suspected: ReadonlySet<string> = new Set();

  /** The names of messages that the last primaries may have died of. */
  suspected({ deaths }: Pick<GroupRecord, 'deaths'>): ReadonlySet<string> {
    const suspects = deaths?.suspects ?? [];
    if (suspects !== this.#suspects) {
      this.#suspects = suspects;
      this.#suspected = new Set(suspects.map(({ message }) => message));
    }
    return this.#suspected;
  }

  /** Whether this primary has processed a message of that name and survived it. */
  isFreed(name: string): boolean {
    return this.#freed.has(name);
  }

  /** A message of that name is processed. A name for which there is no room is started with care again. */
  free(name: string): void {
    if (this.#freed.size < FREED_MAX) this.#freed.add(name);
  }

  /**
   * Counts a message of which only a dead primary may have heard. Work that such a primary had begun comes again early
   * in the term.
   *
   * @returns false if there were so many that this one need not be started with care
   */
  isAmongFirst(name: string): boolean {
    const ofName = this.#anonymous.get(name) ?? 0;
    if (this.#anonymousCount >= ANONYMOUS_MAX || ofName >= ANONYMOUS_OF_NAME_MAX) return false;
    this.#anonymousCount++;
    this.#anonymous.set(name, ofName + 1);
    return true;
  }

  /** A stream moves to another connection, and its note with it. */
  moveEnded(from: Stream, to: Stream): void {
    const outcome = this.ended.get(from);
    if (outcome === undefined) return;
    this.ended.delete(from);
    this.ended.set(to, outcome);
  }

  /** Whether this replica learned of the present term at most `forMs` ago. */
  isTermYoung(nowMs: number, forMs: number): boolean {
    return nowMs - this.#termSinceMs <= forMs;
  }

  /** Whether this replica learned at most `forMs` ago of what the last primaries may have died. */
  isJudgementYoung(nowMs: number, forMs: number): boolean {
    return nowMs - this.#judgedSinceMs <= forMs;
  }

  /** The record says since now of what the last primary may have died. */
  judged(nowMs: number): void {
    this.#judgedSinceMs = nowMs;
  }

  newTerm(nowMs: number): void {
    this.#termSinceMs = nowMs;
    this.#judgedSinceMs = nowMs;
    this.carefulAt = NO_ORDER;
    this.#freed.clear();
    this.#anonymous.clear();
    this.#anonymousCount = 0;
  }

  /**
   * Notes which message made a call or armed a timer. If there is no room the oldest note goes, and a handler of it
   * that is passed over later is left waiting.
   */
  noteCaller(orderNum: OrderNum, caller: HandlerBegin): void {
    const oldest = this.callersAt.size < CALLERS_MAX ? undefined : this.callersAt.keys().next().value;
    if (oldest !== undefined) this.callersAt.delete(oldest);
    this.callersAt.set(orderNum, caller);
  }
}
