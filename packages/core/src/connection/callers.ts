/**
 * Recognises calls that a client group repeats after its primary changed, so that each takes effect once. Part of the
 * ordered state, so it is the same on every replica.
 */

import type { CallerSnapshot } from '../model/checkpoint.js';
import type { ConnectionId, OrderNum, SeqNum, Term } from '../model/ids.js';
import { maxOf, NO_ORDER } from '../model/ids.js';
import { type NestedCaller, type NestedId, PROVEN_OWNER, UNPROVEN_OWNER } from '../model/nested.js';
import type { Outcome } from '../model/outcome.js';
import { outcomeCost } from './usage.js';

/** How many calling groups are remembered. Beyond that the owner of most names gives up the one not used for longest. */
export const CALLERS_KEPT = 1024;
/**
 * How many calls are kept for one group. Beyond that the oldest reply is freed, and its call is refused if it comes
 * again.
 */
export const CALLS_KEPT = 65_536;

/** The standing of a nested call when it is about to be processed. */
export type Standing =
  | { readonly kind: 'new' }
  /** The call came before and had this outcome. */
  | { readonly kind: 'answered'; readonly outcome: Outcome }
  /** The call came before, and its handler has not ended yet. */
  | { readonly kind: 'running' }
  | { readonly kind: 'refused'; readonly outcome: Outcome };

/** The standing of an opening that a group made as a nested call. */
export type StreamStanding =
  | Extract<Standing, { kind: 'new' | 'refused' }>
  /**
   * The stream was opened before by the message `by`. `outcome` is what is left to say if that stream is gone; undefined
   * if it must be there.
   */
  | { readonly kind: 'opened'; readonly by: MessageName; readonly outcome: Outcome | undefined };

interface Call {
  readonly id: NestedId;
  readonly requestDigest: number;
  /**
   * The message that it was processed as; undefined if a unary call is known from a checkpoint only. A stream goes on as
   * the message that opened it last.
   */
  by: MessageName | undefined;
  readonly isStream: boolean;
  outcome: Outcome | undefined;
  /** Later messages with the same call, which came while its handler waited. */
  again: MessageName[] | undefined;
}

/** The name of a message: its connection and its number there. */
export interface MessageName {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
}

const NONE: readonly MessageName[] = [];

/** How far the term of a calling group may grow from one call to the next while its name has no known owner. */
export const TERM_LEAP_MAX = 1024;

interface Caller {
  /** The owner of the name: the first known client that used it. Undefined as long as no client is known. */
  owner: string | undefined;
  term: Term;
  settledUpTo: OrderNum;
  /** Oldest first. */
  readonly calls: Map<string, Call>;
  /** What the kept replies to its calls cost. */
  bytes: number;
}

/**
 * The calls of every client group. The same call comes again over another connection when the primary of its group
 * changes.
 */
export class Callers {
  readonly #byClient = new Map<string, Caller>();
  #settledStreams: MessageName[] = [];
  #maxBytes: number;
  /** What the kept replies cost. */
  #bytes = 0;

  /** @param maxBytes how many bytes of replies are kept for all groups */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  keepAtMost(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A nested call is about to be processed as the message `name`.
   *
   * @returns whether the call came before, and its outcome then
   */
  begin(caller: NestedCaller, requestDigest: number, name: MessageName): Standing {
    const call = this.#find(caller, requestDigest, name, false);
    if ('kind' in call) return call;
    if (call.isStream) return DIFFERS;
    if (call.outcome !== undefined) return { kind: 'answered', outcome: call.outcome };
    call.again ??= [];
    /* rule ends-with-first */ call.again.push(name);
    return RUNNING;
  }

  /**
   * The same for a message that opens a stream. If the stream was opened before, it goes on as this message, and what
   * comes on the former connection does not count any more.
   */
  beginStream(caller: NestedCaller, requestDigest: number, name: MessageName): StreamStanding {
    const call = this.#find(caller, requestDigest, name, true);
    if ('kind' in call) return call.kind === 'new' ? call : { kind: 'refused', outcome: call.outcome };
    const { by, outcome } = call;
    if (by === undefined || !call.isStream) return DIFFERS;
    call.by = name;
    return { kind: 'opened', by, outcome };
  }

  /** The streams that were settled since the last call of this: their groups have every item and need no more. */
  takeSettledStreams(): readonly MessageName[] {
    if (this.#settledStreams.length === 0) return NONE;
    const settled = this.#settledStreams;
    this.#settledStreams = [];
    return settled;
  }

  /** @returns the call if it came before; otherwise it is kept if it may be processed */
  #find(
    caller: NestedCaller,
    requestDigest: number,
    name: MessageName,
    isStream: boolean,
  ): Call | Extract<Standing, { kind: 'new' }> | Extract<Standing, { kind: 'refused' }> {
    if (caller.owner === UNPROVEN_OWNER) return FOREIGN;
    const before = this.#byClient.get(caller.client);
    if (before !== undefined) {
      if (/* rule caller-owner */ !mayUse(before, caller)) return FOREIGN;
      if (/* rule caller-leap */ caller.owner === undefined && caller.term - before.term > TERM_LEAP_MAX) return LEAP;
    }
    const known = this.#open(caller);
    if (/* rule caller-term */ caller.term < known.term) return DEPOSED;
    known.owner = caller.owner;
    known.term = caller.term;
    this.#settle(known, caller.settledUpTo);
    const key = keyOf(caller.id);
    const call = known.calls.get(key);
    if (call === undefined) {
      if (/* rule settled-refused */ caller.id.orderNum <= known.settledUpTo) return FREED;
      known.calls.set(key, { id: caller.id, requestDigest, by: name, isStream, outcome: undefined, again: undefined });
      this.#bound(known);
      return NEW;
    }
    if (/* rule id-names-request */ call.requestDigest !== requestDigest) return DIFFERS;
    return call;
  }

  /**
   * The handler of the message `name` ended.
   *
   * @returns the messages that wait for the same outcome
   */
  finish({ client, id }: NestedCaller, name: MessageName, outcome: Outcome): readonly MessageName[] {
    const caller = this.#byClient.get(client);
    const call = caller?.calls.get(keyOf(id));
    // Only the message that the call was first processed as decides its outcome: not a repetition, and not a refusal.
    if (
      caller === undefined ||
      call?.by === undefined ||
      call.outcome !== undefined ||
      /* rule refused-is-no-end */ !sameMessage(call.by, name)
    )
      return NONE;
    call.outcome = outcome;
    this.#keep(caller, outcome);
    this.#bound(caller);
    const { again = NONE } = call;
    call.again = undefined;
    return again;
  }

  snapshot(): CallerSnapshot[] {
    return [...this.#byClient].map(([client, { owner, term, settledUpTo, calls }]) => ({
      client,
      owner,
      term,
      settledUpTo,
      calls: [...calls.values()].flatMap(({ id, requestDigest, outcome, by, isStream }) => {
        if (outcome === undefined) return [];
        return [{ id, requestDigest, outcome, ...(isStream && by !== undefined && { stream: by }) }];
      }),
    }));
  }

  restore(callers: readonly CallerSnapshot[]): void {
    this.#byClient.clear();
    this.#settledStreams = [];
    this.#bytes = 0;
    for (const { client, owner, term, settledUpTo, calls } of callers) {
      const caller: Caller = { owner, term, settledUpTo, calls: new Map(), bytes: 0 };
      for (const { id, requestDigest, outcome, stream: by } of calls) {
        caller.calls.set(keyOf(id), {
          ...{ id, requestDigest, by, isStream: by !== undefined, outcome, again: undefined },
        });
        this.#keep(caller, outcome);
      }
      this.#byClient.set(client, caller);
    }
  }

  #open({ client, owner }: NestedCaller): Caller {
    const known = this.#byClient.get(client);
    // Moves the group to the end, where the newest is.
    if (known !== undefined) this.#byClient.delete(client);
    const caller = known ?? { owner, term: 0 as Term, settledUpTo: NO_ORDER, calls: new Map(), bytes: 0 };
    this.#byClient.set(client, caller);
    if (this.#byClient.size > CALLERS_KEPT) {
      const most = this.#ownerWithMost(() => 1);
      for (const [oldest, each] of this.#byClient) {
        if (each.owner !== most) continue;
        this.#bytes -= each.bytes;
        this.#byClient.delete(oldest);
        break;
      }
    }
    return caller;
  }

  #settle(caller: Caller, upTo: OrderNum): void {
    if (upTo <= caller.settledUpTo) return;
    caller.settledUpTo = upTo;
    for (const [key, call] of caller.calls) {
      const { id, outcome } = call;
      if (/* rule kept-until-settled */ id.orderNum <= upTo && outcome !== undefined) {
        caller.calls.delete(key);
        this.#keep(caller, outcome, -1);
        if (call.isStream && call.by !== undefined) this.#settledStreams.push(call.by);
      }
    }
  }

  /** Frees what is over a bound: calls of this group, and then replies to groups of the owner that has most kept. */
  #bound(caller: Caller): void {
    if (caller.calls.size > CALLS_KEPT) this.#freeOldest(caller, () => caller.calls.size > CALLS_KEPT);
    while (this.#bytes > this.#maxBytes) {
      const most = this.#ownerWithMost(({ bytes }) => bytes);
      let largest: Caller | undefined;
      for (const each of this.#byClient.values()) {
        if (each.owner === most && each.bytes > (largest?.bytes ?? 0)) largest = each;
      }
      if (largest === undefined) return;
      this.#freeOldest(largest, () => this.#bytes > this.#maxBytes);
    }
  }

  /** Frees the oldest calls that have ended, as long as `isOver`. */
  #freeOldest(caller: Caller, isOver: () => boolean): void {
    for (const [key, { id, outcome }] of caller.calls) {
      if (!isOver()) return;
      if (outcome === undefined) continue;
      caller.calls.delete(key);
      this.#keep(caller, outcome, -1);
      caller.settledUpTo = maxOf(caller.settledUpTo, id.orderNum);
    }
  }

  /**
   * The owner whose names cost most, so that an owner makes room among its own names and never among those of others.
   * Names with a proven secret cannot be a stranger's, so they give way only to each other.
   */
  #ownerWithMost(measure: (caller: Caller) => number): string | undefined {
    const sums = new Map<string | undefined, number>();
    for (const caller of this.#byClient.values()) {
      const sum = measure(caller);
      if (sum > 0) sums.set(caller.owner, (sums.get(caller.owner) ?? 0) + sum);
    }
    if (sums.size > 1) sums.delete(PROVEN_OWNER);
    let most: string | undefined;
    let mostSum = 0;
    for (const [owner, sum] of sums) {
      if (sum <= mostSum) continue;
      most = owner;
      mostSum = sum;
    }
    return most;
  }

  /** @param times −1 if the reply is freed */
  #keep(caller: Caller, outcome: Outcome, times: 1 | -1 = 1): void {
    const bytes = times * outcomeCost(outcome);
    caller.bytes += bytes;
    this.#bytes += bytes;
  }
}

/** A name that nobody owned until now gets the owner of the first caller who is known. */
const mayUse = (known: Caller, { owner }: NestedCaller): boolean =>
  known.owner === undefined || owner === known.owner || owner === PROVEN_OWNER;

const sameMessage = (a: MessageName, b: MessageName): boolean => a.seqNum === b.seqNum && a.connection === b.connection;

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;

const refused = (code: number, details: string): Extract<Standing, { kind: 'refused' }> => ({
  kind: 'refused',
  outcome: Object.freeze({ kind: 'reply', code, details }),
});

const FOREIGN = refused(
  7,
  'UNDERSTUDY_NOT_OWNER: the name of this calling group belongs to another caller; nothing was done. Give all replicas of a calling group certificates of one subject, or both groups a caller secret',
);
const LEAP = refused(
  10,
  'UNDERSTUDY_NOT_PRIMARY: the term of the calling group grew by more than a group can grow; nothing was done',
);
const NEW: Extract<Standing, { kind: 'new' }> = { kind: 'new' };
const RUNNING: Standing = { kind: 'running' };
const DEPOSED = refused(10, 'UNDERSTUDY_NOT_PRIMARY: the calling group has a newer primary; nothing was done');
const FREED = refused(
  10,
  'UNDERSTUDY_SESSION_EXPIRED: the record of this call was freed; it may have taken effect before',
);
const DIFFERS = refused(
  13,
  'UNDERSTUDY_DIVERGED: the calling group made another request at this place before; its replicas differ',
);
