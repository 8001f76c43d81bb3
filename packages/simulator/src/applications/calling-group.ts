import type { GroupRecord, OrderNum, Term } from '@understudy/core';
import type { NestedCaller, NestedId, Reply } from '@understudy/core/internal';
import type { ApplicationCall, History } from '../checks/history.js';
import type { Choices } from '../draw/choices.js';
import type { Attempt, CalledFor } from '../hosts/client/attempt.js';
import { demand } from '../violation.js';

/**
 * The process number of its calls. They are not a session's: the group is one caller, whichever of its replicas is
 * primary.
 */
const CALLING_GROUP = -2;
const CLIENT = 'h/1';

/** A call of the group, which it may send several times. */
interface Ask {
  readonly operation: ApplicationCall;
  readonly id: NestedId;
  /** The outcome is known. */
  done: boolean;
  /** How many attempts are on their way. */
  open: number;
  /** Whether the effect of some attempt is unknown. */
  uncertain: boolean;
}

/** A client whose process may be the primary of the group. */
interface CallingClient {
  readonly dead: boolean;
  readonly mayCall: boolean;
  call(operation: ApplicationCall, method: string, by: CalledFor): void;
}

export interface CallingGroupWorld {
  readonly choices: Choices;
  readonly clients: readonly CallingClient[];
  readonly history: History;
  readonly coordinator: { readonly record: GroupRecord | undefined };
  /** Draws an operation for the workload's machine. */
  drawInput(readOnly: boolean): unknown;
}

/**
 * A replicated group that is a client of the simulated one (DESIGN 5.7). Some client's process is its primary. When its
 * primary changes, the new one makes all calls without a reply again, over its own connection; the old one may do so,
 * too.
 */
export class CallingGroup {
  readonly #world: CallingGroupWorld;
  #term = 1;
  #orderNum = 0;
  #index = 0;
  #primary: CallingClient;
  readonly #asks: Ask[] = [];

  constructor(world: CallingGroupWorld) {
    this.#world = world;
    this.#primary = world.choices.pick(world.clients);
  }

  /** The group acts, or one of its former primaries does. */
  act(): void {
    const { choices } = this.#world;
    const what = choices.below(10);
    if (what < 5) this.#ask();
    else if (what === 5) this.#read();
    else if (what < 8) this.#changePrimary();
    else if (what === 8) this.#askLate();
    else this.#askDifferently();
  }

  #ask(): void {
    if (this.#orderNum === 0 || this.#world.choices.chance(0.7)) {
      this.#orderNum++;
      this.#index = 0;
    }
    this.#begin({ orderNum: this.#orderNum as OrderNum, index: this.#index++ });
  }

  #begin(id: NestedId): void {
    const { history } = this.#world;
    const how = { readOnly: false, stuck: false, keyed: false };
    const operation = history.invoke(CALLING_GROUP, how, this.#world.drawInput(false));
    const ask = { operation, id, done: false, open: 0, uncertain: false };
    this.#asks.push(ask);
    this.#send(this.#primary, ask, this.#term, this.#settledUpTo);
    if (operation.state === 'open' && ask.open === 0) history.fail(operation, false);
  }

  #read(): void {
    if (!this.#primary.mayCall) return;
    const { history } = this.#world;
    const how = { readOnly: true, stuck: false, keyed: false };
    const operation = history.invoke(CALLING_GROUP, how, this.#world.drawInput(true));
    const id = { orderNum: (this.#orderNum + 1) as OrderNum, index: 0 };
    this.#primary.call(operation, '/log.Log/Read', { nested: this.#caller(id, this.#term, this.#settledUpTo) });
  }

  #changePrimary(): void {
    const { choices, clients } = this.#world;
    this.#primary = choices.pick(clients);
    this.#term++;
    for (const ask of this.#asks) if (!ask.done) this.#send(this.#primary, ask, this.#term, this.#settledUpTo);
  }

  /** A former primary calls, or a message arrives that was long on its way. */
  #askLate(): void {
    const { choices, clients } = this.#world;
    const ask = choices.maybe(this.#asks);
    if (ask === undefined) return;
    const settledUpTo = choices.below(Math.min(this.#settledUpTo, ask.id.orderNum - 1) + 1);
    this.#send(choices.pick(clients), ask, 1 + choices.below(this.#term), settledUpTo);
  }

  /** The calling group's replicas differ: one makes another request under the same id. */
  #askDifferently(): void {
    const ask = this.#world.choices.maybe(this.#asks);
    if (ask !== undefined && ask.id.orderNum > this.#settledUpTo) this.#begin(ask.id);
  }

  /**
   * After all faults are over: repeats every call without an outcome.
   *
   * @returns whether none is left
   */
  askAgain(): boolean {
    const left = this.#asks.filter(({ done }) => !done);
    const client = this.#world.clients.find(({ dead }) => !dead);
    if (left.length === 0 || client === undefined) return true;
    this.#primary = client;
    this.#term++;
    for (const ask of left) if (ask.open === 0) this.#send(client, ask, this.#term, this.#settledUpTo);
    return false;
  }

  /** The last order before the first call without an outcome. */
  get #settledUpTo(): number {
    let upTo = this.#orderNum - 1;
    for (const { id, done } of this.#asks) if (!done && id.orderNum <= upTo) upTo = id.orderNum - 1;
    return Math.max(upTo, 0);
  }

  #caller(id: NestedId, term: number, settledUpTo: number): NestedCaller {
    return { client: CLIENT, term: term as Term, id, settledUpTo: settledUpTo as OrderNum };
  }

  #send(client: CallingClient, ask: Ask, term: number, settledUpTo: number): void {
    if (!client.mayCall) return;
    const { operation, id } = ask;
    ask.open++;
    if (!ask.done && operation.state !== 'open') {
      operation.state = 'open';
      operation.completedAt = Number.POSITIVE_INFINITY;
    }
    const attempt: Attempt = {
      answered: (outcome) => this.#answered(ask, term, outcome),
      failed: (mayHaveTakenEffect) => this.#failed(ask, mayHaveTakenEffect),
    };
    const nested = this.#caller(id, term, settledUpTo);
    client.call(operation, '/log.Log/Append', { nested, attempt });
  }

  #answered(ask: Ask, term: number, outcome: Reply): void {
    const { operation, id } = ask;
    const [code = ''] = outcome.details.split(':');
    switch (code) {
      case 'UNDERSTUDY_NOT_PRIMARY':
        demand(term < this.#term, () => `${operation.name} is refused as of an older term, and ${term} is the newest`);
        return this.#failed(ask, false);
      case 'UNDERSTUDY_SESSION_EXPIRED':
        demand(ask.done || this.#isTaken(ask), () => `${operation.name} is refused as freed, and was never settled`);
        return this.#failed(ask, false);
      case 'UNDERSTUDY_DIVERGED':
        demand(this.#isTaken(ask), () => `${operation.name} is refused as another request under ${id.orderNum}`);
        ask.done = true;
        return this.#failed(ask, false);
      default:
        ask.open--;
        ask.done = true;
        this.#give(ask, outcome);
    }
  }

  #give(ask: Ask, outcome: Reply): void {
    const { operation } = ask;
    const { history, coordinator } = this.#world;
    // An effect that an operator gave up may take place a second time.
    if (coordinator.record?.forced && operation.state !== 'open') return;
    const other = this.#othersOf(ask).find(({ operation: { state } }) => state === 'answered');
    demand(
      outcome.code !== 0 || other === undefined || coordinator.record?.forced === true,
      () => `${operation.name} is answered, and so was ${other?.operation.name} under the same id`,
    );
    history.answer(operation, outcome);
  }

  /** Whether another request has the same id. */
  #isTaken(ask: Ask): boolean {
    return this.#othersOf(ask).length > 0;
  }

  #othersOf(ask: Ask): readonly Ask[] {
    const { orderNum, index } = ask.id;
    return this.#asks.filter((other) => other !== ask && other.id.orderNum === orderNum && other.id.index === index);
  }

  #failed(ask: Ask, mayHaveTakenEffect: boolean): void {
    ask.open--;
    ask.uncertain ||= mayHaveTakenEffect;
    const { operation } = ask;
    if (ask.open === 0 && operation.state === 'open') this.#world.history.fail(operation, ask.uncertain);
  }

  /** Checks at the end that each id has one effect, however often and by whichever replica it was requested. */
  check(operations: readonly string[]): void {
    const took = new Map<string, string>();
    for (const { operation, id } of this.#asks) {
      if (!operations.includes(operation.name)) continue;
      const name = `${id.orderNum}.${id.index}`;
      const other = took.get(name);
      demand(other === undefined, () => `${other} and ${operation.name} took effect, both under ${name}`);
      took.set(name, operation.name);
    }
  }
}
