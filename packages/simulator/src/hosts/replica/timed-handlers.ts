import type { DueTimer, NestedId, OrderInfo, OrderNum, ReplicaEvent, ReplicaProgress } from '@understudy/core/internal';
import type { Plan } from '../../plan/plan.js';
import type { Ledger } from '../../services/ledger.js';
import { cancelsTimer, firedText, periodOf, placeKey, type Timing, timerFor, timingOf } from '../../services/timed.js';
import { Randomness } from '../../services/values.js';
import { demand } from '../../violation.js';
import type { OrderedTask } from './nested-handlers.js';
import { STEADY_WITHIN_MS } from './new-core.js';

/** A function that a handler passed on, with the randomness of that handler. */
interface GivenFunction {
  readonly id: NestedId;
  readonly name: string;
  dueMs: number;
  readonly random: Randomness;
  readonly timing: Timing;
  ran: number;
}

/** The index of a timer; nested calls have the lower ones. */
const INDEX = 9;
/** More than the distance between any two steady clocks. */
const CLOCKS_WITHIN_MS = 4 * STEADY_WITHIN_MS;
/** The rounding of two readings of a clock. */
const TOLERANCE_MS = 1;

/** The life that the handlers belong to, as far as they use it. */
export interface TimedHandlersLife {
  readonly name: string;
  readonly world: { readonly plan: Pick<Plan, 'timers' | 'drift'> };
  readonly service: Ledger;
  readonly clockMs: number;
  readonly progress: ReplicaProgress | undefined;
  step(event: ReplicaEvent): void;
}

/** A timer that rang: the entry in the history, and the randomness of its handler. */
export interface Rung {
  readonly fired: string;
  readonly random: Randomness;
}

/** The timers of one life of a replica, as the server runs their handlers (DESIGN 5.10). */
export class TimedHandlers {
  readonly #life: TimedHandlersLife;
  /** Functions that handlers passed on, until they have run for the last time. */
  readonly #functions = new Map<string, GivenFunction>();
  /** By name, in which term this replica as primary began to process a timer that comes again and again, and when. */
  readonly #began = new Map<string, { readonly term: number; readonly atMs: number }>();

  constructor(life: TimedHandlersLife) {
    this.#life = life;
  }

  /** The operations whose functions wait to run. */
  get names(): readonly string[] {
    return [...this.#functions.values()].map(({ name }) => name);
  }

  /** The handler of an operation arms a timer, or clears one that another handler armed. */
  arm({ info }: OrderedTask, name: string, random: Randomness): void {
    const { world, service } = this.#life;
    const { share = 0, agenda } = world.plan.timers ?? {};
    if (agenda !== undefined && cancelsTimer(name)) this.#clearNewest();
    const timing = timingOf(name, share, agenda !== undefined);
    if (timing === undefined) return;
    const { delayMs } = timing;
    const id = { orderNum: info.orderNum, index: INDEX };
    const dueMs = info.timeMs + delayMs;
    const armed = { id, dueMs, delayMs };
    if (timing.kind !== 'after') this.#functions.set(placeKey(id), { id, name, dueMs, random, timing, ran: 0 });
    else if (agenda !== undefined) service.armed.set(info.orderNum, { name, dueMs });
    this.#life.step({ kind: 'timerSet', timer: timerFor(name, timing, armed) });
  }

  /** The time of a timer has come. A primary processes a repeating timer only after its period. */
  begins(timer: DueTimer): void {
    if (timer.kind !== 'every') return;
    const { progress, clockMs, name } = this.#life;
    if (progress?.role !== 'primary') return;
    const { term } = progress;
    const last = this.#began.get(timer.name);
    this.#began.set(timer.name, { term, atMs: clockMs });
    if (last?.term !== term) return;
    const periodMs = periodOf(timer.name);
    demand(
      clockMs - last.atMs >= periodMs - TOLERANCE_MS,
      () => `${name} processes ${timer.name} ${(clockMs - last.atMs).toFixed(1)} ms after the last time`,
    );
  }

  /**
   * Checks that a replica that runs a function has it, and does not run it too early. The history shows whether it ran
   * twice.
   */
  rings({ info }: OrderedTask, timer: DueTimer, payload: string): Rung {
    switch (timer.kind) {
      case 'raw':
        return this.#run(timer.id, info.orderNum, info.timeMs);
      case 'after': {
        if (this.#life.world.plan.timers?.agenda !== undefined)
          this.#ringsAfter(timer.id, info.orderNum, info.timeMs, payload);
        return { fired: firedText(payload), random: new Randomness(info) };
      }
      case 'every':
        return { fired: this.#ringsEvery(timer.name, info), random: new Randomness(info) };
    }
  }

  /** Checks that a repeating timer rings once in its period, also across failovers, however late it is. */
  #ringsEvery(name: string, { orderNum, timeMs }: OrderInfo): string {
    const { service, world } = this.#life;
    const { timers, drift } = world.plan;
    const lastMs = service.lastRang(name);
    if (lastMs !== undefined && timers?.agenda?.steady) {
      const leastMs = periodOf(name) / drift.fastest - CLOCKS_WITHIN_MS;
      demand(
        timeMs - lastMs >= leastMs,
        () => `${name} rings in order ${orderNum} at ${timeMs}, only ${timeMs - lastMs} ms after the last time`,
      );
    }
    return `${firedText(name)}#${service.rings(name, timeMs)}`;
  }

  #run(id: NestedId, orderNum: OrderNum, timeMs: number): Rung {
    const key = placeKey(id);
    const given = this.#functions.get(key);
    demand(given !== undefined, () => `${this.#life.name} processes a timer in order ${orderNum} that it never armed`);
    demand(timeMs >= given.dueMs, () => `a timer due at ${given.dueMs} is processed in order ${orderNum} at ${timeMs}`);
    given.ran++;
    const { name, random, timing } = given;
    if (timing.kind === 'raw') {
      this.#functions.delete(key);
      return { fired: firedText(name), random };
    }
    given.dueMs = timeMs + timing.delayMs;
    if (given.ran === timing.times) this.#clear(id);
    return { fired: `${firedText(name)}#${given.ran}`, random };
  }

  #ringsAfter(id: NestedId, orderNum: OrderNum, timeMs: number, payload: string): void {
    const armed = this.#life.service.armed.get(id.orderNum);
    demand(
      armed?.name === payload,
      () => `${this.#life.name} rings ${payload} in order ${orderNum}, which is not armed`,
    );
    demand(
      timeMs >= armed.dueMs,
      () => `${payload} is due at ${armed.dueMs}, and rings in order ${orderNum} at ${timeMs}`,
    );
    this.#life.service.armed.delete(id.orderNum);
  }

  /** Clears the timer that was armed last, by whichever handler. All replicas clear the same one. */
  #clearNewest(): void {
    const { service } = this.#life;
    let newest = 0;
    for (const { id } of this.#functions.values()) newest = Math.max(newest, id.orderNum);
    for (const orderNum of service.armed.keys()) newest = Math.max(newest, orderNum);
    if (newest > 0) this.#clear({ orderNum: newest as OrderNum, index: INDEX });
  }

  #clear(id: NestedId): void {
    this.#functions.delete(placeKey(id));
    this.#life.service.armed.delete(id.orderNum);
    this.#life.step({ kind: 'timerCleared', id });
  }

  /** The function of a timer never runs. */
  drop(id: NestedId): void {
    this.#functions.delete(placeKey(id));
  }

  /** A checkpoint is restored, which holds no functions. */
  clear(): void {
    this.#functions.clear();
  }
}
