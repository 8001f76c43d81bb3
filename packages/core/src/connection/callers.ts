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

/** How many calling groups are remembered: the newest ones in processing order. */
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

interface Call {
  readonly id: NestedId;
  readonly requestDigest: number;
  /** The message that it was processed as; undefined if this is known from a checkpoint only. */
  readonly by: MessageName | undefined;
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

/** How far the term of a calling group may grow from one call to the next where nobody knows whose name it is. */
export const TERM_LEAP_MAX = 1024;

interface Caller {
  /** Who may use the name: whoever was first known to. Undefined as long as nobody is known. */
  owner: string | undefined;
  term: Term;
  settledUpTo: OrderNum;
  /** Oldest first. */
  readonly calls: Map<string, Call>;
}

/**
 * The calls of every client group. The same call comes again over another connection when the primary of its group
 * changes.
 */
export class Callers {
  readonly #byClient = new Map<string, Caller>();
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
    if (caller.owner === UNPROVEN_OWNER) return FOREIGN;
    const before = this.#byClient.get(caller.client);
    if (before !== undefined) {
      if (/* rule caller-owner */ !mayUse(before, caller)) return FOREIGN;
      if (/* rule caller-leap */ caller.owner === undefined && caller.term - before.term > TERM_LEAP_MAX) return LEAP;
    }
    const known = this.#open(caller.client);
    if (/* rule caller-term */ caller.term < known.term) return DEPOSED;
    known.owner = caller.owner;
    known.term = caller.term;
    this.#settle(known, caller.settledUpTo);
    const key = keyOf(caller.id);
    const call = known.calls.get(key);
    if (call === undefined) {
      if (/* rule settled-refused */ caller.id.orderNum <= known.settledUpTo) return FREED;
      known.calls.set(key, { id: caller.id, requestDigest, by: name, outcome: undefined, again: undefined });
      this.#bound(known);
      return NEW;
    }
    if (/* rule id-names-request */ call.requestDigest !== requestDigest) return DIFFERS;
    if (call.outcome !== undefined) return { kind: 'answered', outcome: call.outcome };
    call.again ??= [];
    /* rule ends-with-first */ call.again.push(name);
    return RUNNING;
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
    this.#bytes += outcomeCost(outcome);
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
      calls: [...calls.values()].flatMap(({ id, requestDigest, outcome }) =>
        outcome === undefined ? [] : [{ id, requestDigest, outcome }],
      ),
    }));
  }

  restore(callers: readonly CallerSnapshot[]): void {
    this.#byClient.clear();
    this.#bytes = 0;
    for (const { client, owner, term, settledUpTo, calls } of callers) {
      const byId = new Map<string, Call>();
      for (const { id, requestDigest, outcome } of calls) {
        byId.set(keyOf(id), { id, requestDigest, by: undefined, outcome, again: undefined });
        this.#bytes += outcomeCost(outcome);
      }
      this.#byClient.set(client, { owner, term, settledUpTo, calls: byId });
    }
  }

  #open(client: string): Caller {
    const known = this.#byClient.get(client);
    // Moves the group to the end, where the newest is.
    if (known !== undefined) this.#byClient.delete(client);
    const caller = known ?? { owner: undefined, term: 0 as Term, settledUpTo: NO_ORDER, calls: new Map() };
    this.#byClient.set(client, caller);
    if (this.#byClient.size > CALLERS_KEPT) {
      for (const [oldest, { calls }] of this.#byClient) {
        for (const { outcome } of calls.values()) this.#free(outcome);
        this.#byClient.delete(oldest);
        break;
      }
    }
    return caller;
  }

  #settle(caller: Caller, upTo: OrderNum): void {
    if (upTo <= caller.settledUpTo) return;
    caller.settledUpTo = upTo;
    for (const [key, { id, outcome }] of caller.calls) {
      if (/* rule kept-until-settled */ id.orderNum <= upTo && outcome !== undefined) {
        caller.calls.delete(key);
        this.#free(outcome);
      }
    }
  }

  #bound(caller: Caller): void {
    for (const [key, { id, outcome }] of caller.calls) {
      if (caller.calls.size <= CALLS_KEPT && this.#bytes <= this.#maxBytes) return;
      if (outcome === undefined) continue;
      caller.calls.delete(key);
      this.#free(outcome);
      caller.settledUpTo = maxOf(caller.settledUpTo, id.orderNum);
    }
  }

  #free(outcome: Outcome | undefined): void {
    if (outcome !== undefined) this.#bytes -= outcomeCost(outcome);
  }
}

/** A name that nobody owned until now gets the owner of the first caller who is known. */
const mayUse = (known: Caller, { owner }: NestedCaller): boolean =>
  known.owner === undefined || owner === known.owner || owner === PROVEN_OWNER;

const sameMessage = (a: MessageName, b: MessageName): boolean => a.seqNum === b.seqNum && a.connection === b.connection;

const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;

const refused = (code: number, details: string): Standing => ({
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
const NEW: Standing = { kind: 'new' };
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
