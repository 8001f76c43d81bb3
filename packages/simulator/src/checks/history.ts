import { type Poisoned, type Reply, requestDigest } from '@understudy/core/internal';
import type { Operation } from '../linearizability/model.js';
import { type Ledger, requestText, type Saw, sawOf } from '../services/ledger.js';
import type { Workload } from '../services/workload.js';
import { demand } from '../violation.js';
import type { StreamRecord } from './stream-record.js';

/** The answer of a simulation's interceptors when they end a call before it is ordered. */
export const REFUSED: Reply = Object.freeze({ kind: 'reply', code: 7, details: 'refused by an interceptor' });

/** The method of one-way calls. */
export const ONE_WAY = '/log.Log/Tell';

/** Whether a reply is the one to a one-way call. */
const isAccepted = ({ code, message }: Reply): boolean => code === 0 && message?.length === 0;

/**
 * When a message of death ends the process: at the start of its handler, before the handler would end, or when a
 * handler that waited goes on.
 */
export type Deadly = 'start' | 'end' | 'step';

/** One call of an application, as the application sees it. */
export interface ApplicationCall {
  readonly name: string;
  /** The client process that made it; negative for a call without our interceptor. */
  readonly process: number;
  /** The operation for the workload's machine; null if there is none. */
  readonly input: unknown;
  /** For a message of a stream: the stream's name, and the message's place among its client's messages. */
  readonly place: { readonly stream: string; readonly position: number } | undefined;
  readonly readOnly: boolean;
  /** Whether its handler never ends, or some replica took it for one that never ends. */
  stuck: boolean;
  /** When it ends the process that runs its handler; undefined for an ordinary call. */
  readonly deadly: Deadly | undefined;
  /** How many processes it ended, and how many replicas were in sync when it ended the first. */
  deaths: number;
  inSyncBefore: number;
  /** Whether an operator took it away, so that it ends no process any more. */
  spared: boolean;
  /** Whether its caller was told that it is no longer processed. */
  poisoned: boolean;
  readonly key: string | undefined;
  /** Whether it uses the key of another operation, so that it must be refused. */
  readonly refused: boolean;
  readonly invokedAt: number;
  completedAt: number;
  /**
   * `accepted`: a one-way call has its place in the order, and its outcome is never told. `unknown`: it ended and may
   * have taken effect. `never`: it ended and must not have taken effect.
   */
  state: 'open' | 'answered' | 'accepted' | 'unknown' | 'never';
  saw: Saw | undefined;
  /** When a primary first knew its order to be stable. No later promotion may lose it. */
  stableAt: number;
}

/** Properties of a call besides its input. */
export interface CallTraits {
  readonly readOnly: boolean;
  readonly stuck: boolean;
  readonly keyed: boolean;
  /** The key of an earlier operation with another request. */
  readonly key?: string;
  readonly place?: ApplicationCall['place'];
  readonly deadly?: Deadly | undefined;
}

/** A promotion that decided how far to adopt. */
interface Promotion {
  readonly at: number;
  readonly gaveUp: ReadonlySet<number>;
  /** Whether its predecessor handed over after it had made everything stable, so that no order can be lost. */
  readonly orderly: boolean;
}

/** All calls of a simulation with their outcomes. Checks at the end whether the group kept its promises (DESIGN 3). */
export class History {
  readonly operations: ApplicationCall[] = [];
  readonly byName = new Map<string, ApplicationCall>();
  readonly streams: StreamRecord[] = [];
  /** By name: when a primary first knew that an order which is no operation is stable. */
  readonly #partsStableAt = new Map<string, number>();
  readonly #promotions: Promotion[] = [];
  #now = 0;
  #refusesAccepted = false;
  readonly #refused = new Set<Poisoned>();
  /** Judgments that were left undecided because they would have taken too long. */
  undecided = 0;

  invoke(process: number, how: CallTraits, input: unknown): ApplicationCall {
    const name = `${how.readOnly ? 'r' : 'm'}${this.operations.length + 1}`;
    const operation: ApplicationCall = {
      name,
      process,
      input,
      place: how.place,
      readOnly: how.readOnly,
      stuck: how.stuck,
      deadly: how.deadly,
      deaths: 0,
      inSyncBefore: 0,
      spared: false,
      poisoned: false,
      key: how.key ?? (how.keyed ? `key-${name}` : undefined),
      refused: how.key !== undefined,
      invokedAt: this.#now++,
      completedAt: Number.POSITIVE_INFINITY,
      state: 'open',
      saw: undefined,
      stableAt: Number.POSITIVE_INFINITY,
    };
    this.operations.push(operation);
    this.byName.set(name, operation);
    return operation;
  }

  answer(operation: ApplicationCall, outcome: Reply): void {
    if (operation.state === 'answered' && outcome.code === 0) {
      const again = sawOf(outcome);
      demand(
        again.digest === operation.saw?.digest,
        () => `${operation.name} was answered twice, and not with the same`,
      );
      return;
    }
    if (operation.state === 'never' && outcome.code === REFUSED.code) return;
    const isPoison = outcome.details.startsWith('UNDERSTUDY_POISON');
    if (isPoison && operation.poisoned) return;
    // Interceptors come first, and may refuse the call by themselves.
    demand(
      !operation.refused || outcome.code === REFUSED.code,
      () => `${operation.name} is answered, with the key of another`,
    );
    demand(operation.state === 'open', () => `${operation.name} is answered, but was ${operation.state}`);
    operation.completedAt = this.#now++;
    if (isAccepted(outcome)) {
      operation.state = 'accepted';
      return;
    }
    // Primaries died while they processed it, because of it or by chance.
    if (isPoison) {
      operation.state = 'unknown';
      operation.poisoned = true;
      return;
    }
    operation.state = outcome.code === 0 ? 'answered' : 'never';
    // A replica that is yet to serve keeps a bounded number of reads.
    const isTooMany = operation.readOnly && outcome.details.startsWith('UNDERSTUDY_OVERLOADED');
    demand(
      outcome.code === 0 || outcome.code === REFUSED.code || isTooMany,
      () => `${operation.name} is answered with status ${outcome.code} ${outcome.details}`,
    );
    if (outcome.code !== 0) return;
    operation.saw = sawOf(outcome);
    demand(
      operation.readOnly || operation.saw.last === operation.name,
      () => `${operation.name} got the reply of ${operation.saw?.last}`,
    );
  }

  fail(operation: ApplicationCall, mayHaveTakenEffect: boolean): void {
    demand(operation.state === 'open', () => `${operation.name} fails, but was ${operation.state}`);
    operation.completedAt = this.#now++;
    operation.state = mayHaveTakenEffect ? 'unknown' : 'never';
  }

  adopted(gaveUp: ReadonlySet<number>, orderly: boolean): void {
    this.#promotions.push({ at: this.#now++, gaveUp, orderly });
  }

  /** Whether some promotion went on without this process, which may therefore hold orders that never happened. */
  wasGivenUp(process: number): boolean {
    return this.#promotions.some(({ gaveUp }) => gaveUp.has(process));
  }

  stable(name: string): void {
    const operation = this.byName.get(name);
    if (operation?.stableAt === Number.POSITIVE_INFINITY) operation.stableAt = this.#now++;
    if (operation === undefined && !this.#partsStableAt.has(name)) this.#partsStableAt.set(name, this.#now++);
  }

  /** Marks a moment at which no operation begins or ends. */
  tick(): number {
    return this.#now++;
  }

  /** @param final the list of the primary after everything came to rest */
  check(final: Ledger, concurrent: boolean): void {
    demand(
      new Set(final.operations).size === final.length,
      () => `an operation took effect twice: ${final.operations.join(' ')}`,
    );
    for (const { name, state } of this.operations) {
      demand(
        state !== 'never' || !final.operations.includes(name),
        () => `${name} took effect, but its caller was told that it did not`,
      );
    }
    for (const record of this.streams) this.#checkItems(record, final, concurrent);
    const kept = this.operations.filter((operation) => this.#isKept(operation, final, concurrent));
    // An operation that was lost may have happened again later, with the same result.
    checkRealTime(
      kept.filter((operation) => !(concurrent && this.#mayBeLost(operation))),
      ({ name, saw }) => saw?.length ?? final.operations.indexOf(name) + 1,
    );
  }

  /** What the group's record says is no longer processed. */
  noteRefused(poisoned: readonly Poisoned[] = []): void {
    this.#refusesAccepted ||= poisoned.some(({ method }) => method === ONE_WAY);
    for (const message of poisoned) this.#refused.add(message);
  }

  /** Whether this operation was taken for a message of death. */
  #wasRefused(operation: ApplicationCall | undefined): boolean {
    if (operation === undefined) return false;
    const message = requestText(operation.name, operation.input);
    return [...this.#refused].some(
      ({ method, digest }) => requestDigest(method, message).toString(16).padStart(8, '0') === digest,
    );
  }

  /** Checks that some order of the calls explains every answer so far. Calls that are still open may have happened. */
  judge(workload: Workload, concurrent: boolean): void {
    const seen: Operation<unknown, unknown>[] = [];
    for (const operation of this.operations) {
      const { process, input, saw, invokedAt, completedAt, state, readOnly } = operation;
      if (state === 'never' || input === null || this.#showsRefused(operation)) continue;
      const certain = !(concurrent && this.#mayBeLost(operation));
      if (saw !== undefined && certain)
        seen.push({ process, input, output: JSON.parse(saw.output), invokedAt, completedAt });
      else if (state === 'accepted' && certain && !this.#mayBeRefused(operation))
        seen.push({ process, input, output: undefined, invokedAt, completedAt });
      // A read without an answer says nothing.
      else if (!readOnly)
        seen.push({ process, input, output: undefined, invokedAt, completedAt: Number.POSITIVE_INFINITY });
    }
    const judgment = workload.judge(seen);
    if (judgment.verdict === 'undecided') this.undecided++;
    demand(judgment.verdict !== 'violated', () => ('unexplained' in judgment ? judgment.unexplained : ''));
  }

  /**
   * Checks promise 3 for items: each item that an application got is the one that its handler sends at that place in
   * the surviving history.
   */
  #checkItems(record: StreamRecord, final: Ledger, concurrent: boolean): void {
    const { name, process } = record;
    const lost = record.differs(
      final.streams.get(name),
      ({ at, by }) => concurrent && this.#mayBeGone(process, at, by),
    );
    demand(
      lost === undefined,
      () => `item ${lost?.index ?? 'status'} of ${name}, due to ${lost?.by}, is not part of the surviving history`,
    );
  }

  /** Whether an answered operation is in the final list as its reply says. If not, its loss must be excused. */
  #isKept(operation: ApplicationCall, final: Ledger, concurrent: boolean): boolean {
    const { name, saw, readOnly } = operation;
    if (operation.state === 'accepted') {
      const isThere = final.operations.includes(name);
      const isExcused = this.#mayBeRefused(operation) || (concurrent && this.#mayBeLost(operation));
      demand(isThere || isExcused, () => `${name} was accepted, and is not part of the surviving history`);
      return isThere;
    }
    if (operation.state !== 'answered' || saw === undefined) return false;
    const inPlace = readOnly || final.operations[saw.length - 1] === name;
    if (inPlace && final.digestAt(saw.length) === saw.digest) return true;
    demand(
      this.#showsRefused(operation) || (concurrent && this.#mayBeLost(operation)),
      () =>
        `the reply to ${name} (${saw.length} operations, last ${saw.last}) is not part of the surviving history: ${final.operations.join(' ')}`,
    );
    return false;
  }

  /**
   * Whether a read saw a call that was refused later. Nobody says what readers saw before the first primary died, so a call
   * may be refused of which only they know that it took effect (DESIGN 5.14).
   */
  #showsRefused({ readOnly, saw }: ApplicationCall): boolean {
    return readOnly && saw !== undefined && this.#wasRefused(this.byName.get(saw.last));
  }

  /**
   * Whether an accepted call may be missing because it was taken, even by chance, for a message of death. Its caller is
   * not told.
   */
  #mayBeRefused({ deadly }: ApplicationCall): boolean {
    return deadly !== undefined || this.#refusesAccepted;
  }

  /**
   * The exception of DESIGN 3 for `concurrent`: the reply was not stable, and its client was dead, or out of reach for
   * sessionMs, when a promotion decided. A reply that a client in reach had is never lost. Such a client cannot say either
   * that a call was answered, so the call may be refused as a message of death, though its order was stable.
   */
  #mayBeLost({ name, process, completedAt, saw, state }: ApplicationCall): boolean {
    return this.#mayBeGone(process, completedAt, saw?.last ?? (state === 'accepted' ? name : ''));
  }

  /** @param by the order that caused what the process saw */
  #mayBeGone(process: number, completedAt: number, by: string): boolean {
    if (process < 0) return false;
    const operation = this.byName.get(by);
    const stableAt = this.#wasRefused(operation)
      ? Number.POSITIVE_INFINITY
      : (operation?.stableAt ?? this.#partsStableAt.get(by) ?? Number.POSITIVE_INFINITY);
    return this.#promotions.some(
      ({ at, gaveUp, orderly }) => !orderly && at > completedAt && at < stableAt && gaveUp.has(process),
    );
  }
}

/** A call sees everything that was answered before it began. */
function checkRealTime(operations: readonly ApplicationCall[], placeOf: (operation: ApplicationCall) => number): void {
  const places = operations.map((operation) => ({ operation, place: placeOf(operation) }));
  for (const { operation: later, place } of places) {
    for (const { operation: earlier, place: before } of places) {
      if (earlier.completedAt >= later.invokedAt) continue;
      const enough = later.readOnly ? place >= before : place > before;
      demand(enough, () => `${later.name} began after ${earlier.name} was answered (${before}), but saw only ${place}`);
    }
  }
}
