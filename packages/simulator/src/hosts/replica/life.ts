import type { GroupRecord, Leadership, OrderNum } from '@understudy/core';
import {
  type DueTimer,
  type NestedId,
  type OrderInfo,
  type Outcome,
  type ReplicaEvent,
  type ReplicaProgress,
  STREAMED,
  type StreamPart,
  seqNumOf,
  type Task,
} from '@understudy/core/internal';
import { hashText, textOf } from '@understudy/core/testing';
import type { History } from '../../checks/history.js';
import type { Outside } from '../../checks/outside.js';
import type { Choices } from '../../draw/choices.js';
import type { Plan } from '../../plan/plan.js';
import { Ledger, readRequest } from '../../services/ledger.js';
import { mayArmAgain } from '../../services/timed.js';
import { asksForValues, Randomness, valuesText } from '../../services/values.js';
import { demand } from '../../violation.js';
import type { Deaths } from './deaths.js';
import type { Jobs } from './jobs.js';
import { NestedHandlers, type OrderedTask, type Step } from './nested-handlers.js';
import { StreamHandlers } from './stream-handlers.js';
import { TimedHandlers } from './timed-handlers.js';

/** How long a handler that goes on by itself may take each time. */
const SOON_MS = 40;

type Executed = Extract<ReplicaEvent, { kind: 'executed' }>;

/** The run, as handlers see it. */
export interface LifeWorld {
  readonly plan: Pick<Plan, 'workload' | 'config' | 'nested' | 'once' | 'streams' | 'timers' | 'values' | 'drift'>;
  readonly choices: Choices;
  readonly history: Pick<History, 'byName' | 'stable'>;
  readonly coordinator: { readonly record: Pick<GroupRecord, 'term' | 'code' | 'group' | 'origin'> | undefined };
  readonly outside: Outside | undefined;
  readonly watch: {
    order(info: OrderInfo): void;
    values(name: string, info: OrderInfo, values: string): void;
    readonly digested: Set<string>;
  };
}

/** The replica that lives this life. */
export interface LifeHost {
  readonly name: string;
  readonly clockMs: number;
  readonly status: ReplicaProgress | undefined;
  readonly core: { readonly progress: ReplicaProgress } | undefined;
  readonly jobs: Jobs;
  readonly brings: Leadership;
  readonly life: Life;
  readonly noticedDivergence: boolean;
  step(event: ReplicaEvent): void;
  /** Ends the process because of an operation. */
  readonly deaths: Pick<Deaths, 'diesOf' | 'endsIt'>;
}

/**
 * A replica's service in one life, with its handlers: the messages that they ran for, in their order, and the results.
 */
export class Life {
  readonly world: LifeWorld;
  readonly service: Ledger;
  readonly streams: StreamHandlers;
  /** Handlers that have called another service. */
  nested: NestedHandlers;
  readonly timed: TimedHandlers;
  /** By order: the operation that was processed, and the core's digest after it where known. */
  readonly processed: string[] = [];
  readonly digests: number[] = [];
  stableMarked = 0;
  /** The last order that was processed when the state was changed from outside of all handlers. */
  strayedAt: number | undefined;
  /** The orders after which a digest of the state was taken. */
  readonly digested = new Set<number>();
  /** The last order that a handler was run for. */
  lastOrder = 0;
  /** Whether the next handler has another outcome than on the other replicas. */
  diverges = false;
  readonly #host: LifeHost;

  constructor(world: LifeWorld, host: LifeHost) {
    this.world = world;
    this.#host = host;
    this.service = new Ledger(world.plan.workload);
    this.streams = new StreamHandlers(this);
    this.nested = new NestedHandlers(this);
    this.timed = new TimedHandlers(this);
  }

  get name(): string {
    return this.#host.name;
  }

  get clockMs(): number {
    return this.#host.clockMs;
  }

  /** Its core's progress, in the middle of a step too. */
  get progress(): ReplicaProgress | undefined {
    return this.#host.core?.progress;
  }

  /** The name under which its group calls. */
  get client(): string {
    const { record } = this.world.coordinator;
    return `${record?.group}/${record?.origin}`;
  }

  /** Whether another life began. */
  get isOver(): boolean {
    return this.#host.life !== this;
  }

  step(event: ReplicaEvent): void {
    this.#host.step(event);
  }

  // ── tasks ───────────────────────────────────────────────────────────────────────────────────────────────────────

  execute(task: Task): void {
    const { name, input } = readRequest(task.request.message);
    if (task.kind === 'ordered') this.#inOrder(task.info);
    const operation = this.world.history.byName.get(name);
    if (operation?.stuck) return;
    if (task.request.timer !== undefined) this.timed.begins(task.request.timer);
    const { deaths } = this.#host;
    if (task.kind === 'ordered' && deaths.endsIt(operation, 'start')) return deaths.diesOf(operation);
    this.#host.jobs.later(task, () => this.#finish(task, name, input));
  }

  /** The group goes on without this handler's outcome, and its caller may never hear. */
  abandon(task: Task): void {
    this.#host.jobs.abandon(task);
    const operation = this.world.history.byName.get(readRequest(task.request.message).name);
    if (operation !== undefined) operation.stuck = true;
  }

  /** DESIGN 7.2: a later order is processed later, and at no earlier time (5.10). */
  #inOrder(info: OrderInfo): void {
    this.world.watch.order(info);
    const { lastOrder, name, service } = this;
    demand(info.orderNum > lastOrder, () => `${name} processes order ${info.orderNum} after ${lastOrder}`);
    demand(
      info.timeMs >= service.timeMs,
      () => `${name} processes order ${info.orderNum} at ${info.timeMs}, and was at ${service.timeMs}`,
    );
    this.#checkCode(info);
    this.#checkDigest(info);
    this.lastOrder = info.orderNum;
    service.timeMs = info.timeMs;
  }

  /** DESIGN 5.16: a backup executes only what a primary with its own code ordered for execution. */
  #checkCode({ term, orderNum }: OrderInfo): void {
    const { core, brings, name } = this.#host;
    // A replica that was designated in this very step executes orders that no other replica is left for.
    const role = core?.progress.role;
    if (role !== 'backup' && role !== 'joining') return;
    const code = this.world.coordinator.record?.code.findLast((entry) => entry.term <= term);
    demand(
      code?.replication === 'semi-active' && code.version === brings.version,
      () =>
        `${name}, of version ${brings.version}, executes order ${orderNum} of ${code?.replication} ${code?.version}`,
    );
  }

  /** DESIGN 7.7: a backup takes a digest of its state wherever its primary did, before it goes on. */
  #checkDigest({ term, orderNum }: OrderInfo): void {
    const { core, name, noticedDivergence } = this.#host;
    const progress = core?.progress;
    if (progress?.role !== 'backup' || progress.term !== term || noticedDivergence) return;
    const at = orderNum - 1;
    const isMissing = this.world.watch.digested.has(`${term} ${at}`) && !this.digested.has(at);
    demand(!isMissing, () => `${name} goes on after order ${at} without a digest of its state`);
  }

  /** A digest of the state is taken after this order. */
  takesDigest(orderNum: OrderNum, { role, term }: Partial<Pick<ReplicaProgress, 'role' | 'term'>> = {}): void {
    this.digested.add(orderNum);
    if (role === 'primary') this.world.watch.digested.add(`${term} ${orderNum}`);
  }

  #finish(task: Task, name: string, input: string): void {
    if (task.kind === 'read') {
      const outcome = this.service.look(input);
      this.step({ kind: 'executed', task, outcome, digest: hashText(textOf(outcome.message)), outputs: [] });
      return;
    }
    const operation = this.world.history.byName.get(name);
    const { deaths } = this.#host;
    if (deaths.endsIt(operation, 'end')) return deaths.diesOf(operation);
    const { stream, reply } = task.request;
    if (stream !== undefined) return this.#finishPart(task, stream, name);
    if (reply !== undefined) {
      const step = this.nested.deliver(task, reply);
      const goesOn = this.world.history.byName.get(step.by.replace(/\?$/, ''));
      if (deaths.endsIt(goesOn, 'step')) return deaths.diesOf(goesOn);
      return this.#ends(task, step, STREAMED);
    }
    if (task.request.timer !== undefined) return this.#rings(task, task.request.timer, name);
    this.processes(name);
    const random = new Randomness(task.info);
    const step = this.nested.begin(task, name, input, random);
    this.timed.arm(task, name, random);
    if (this.isOver) return;
    this.#ends(task, step, step.outcome);
  }

  /** The handler of a timer runs. The history shows whether it ran twice. */
  #rings(task: OrderedTask, timer: DueTimer, payload: string): void {
    const { fired, random } = this.timed.rings(task, timer, payload);
    if (this.isOver) return;
    this.processes(fired);
    this.asks(fired, task.info, random);
    this.service.hear(fired);
    this.processed[task.info.orderNum] = fired;
    if (mayArmAgain(fired) && this.world.plan.timers?.agenda !== undefined) this.timed.arm(task, fired, random);
    if (this.isOver) return;
    const digest = hashText(fired) ^ this.#difference();
    this.step({ kind: 'executed', task, outcome: STREAMED, digest, outputs: [], finished: [] });
  }

  #ends(task: OrderedTask, { finished, by, ran }: Step, outcome: Outcome): void {
    this.processed[task.info.orderNum] = by;
    const outputs = ran === undefined ? [] : this.streams.tellAll(ran.name, ran.answer);
    const made = this.nested.takeMade();
    const digest = hashText([ran?.answer ?? by, ...this.#textsOf(made)].join()) ^ this.#difference();
    this.#callsThenEnds(task, made, { kind: 'executed', task, outcome, digest, outputs, finished });
  }

  #finishPart(task: OrderedTask, part: StreamPart, name: string): void {
    const { connection, orderNum } = task.info;
    const seqNum = seqNumOf(task.info);
    this.processed[orderNum] = this.streams.nameOf(connection, seqNum, part) ?? name;
    const outputs = this.streams.deliver(task, part);
    const made = this.nested.takeMade();
    const asked = made.length === 0 ? 0 : hashText(this.#textsOf(made).join());
    const digest = asked ^ this.#difference();
    this.#callsThenEnds(task, made, { kind: 'executed', task, outcome: STREAMED, digest, outputs });
  }

  #textsOf(made: readonly NestedId[]): readonly string[] {
    return made.map((id) => this.nested.textOf(id) ?? '');
  }

  /**
   * Tells the core of each call as it is made. Other events may come before the next call and before the end of the
   * step, unless the step sends items, which must leave together.
   */
  #callsThenEnds(task: OrderedTask, [id, ...later]: readonly NestedId[], end: Executed): void {
    if (id === undefined) return this.step(end);
    const { nested } = this;
    this.step({ kind: 'nestedCall', id });
    if (this.isOver || this.nested !== nested) return;
    const goOn = () => this.#callsThenEnds(task, later, end);
    if (end.outputs?.length !== 0 || this.world.choices.chance(0.5)) goOn();
    else this.#host.jobs.later(task, goOn);
  }

  #difference(): number {
    if (!this.diverges) return 0;
    this.diverges = false;
    return 1;
  }

  // ── what handlers do ────────────────────────────────────────────────────────────────────────────────────────────

  /** DESIGN 7.1. What a deposed primary does is thrown away with it. */
  processes(name: string): void {
    demand(
      this.#isOutdated || !this.service.operations.includes(name),
      () => `${this.name} processes ${name} a second time, after order ${this.lastOrder}`,
    );
  }

  /**
   * The handler of an operation asks for values, in the step of some order (DESIGN 5.10). They become part of the
   * history.
   */
  asks(name: string, info: OrderInfo, random: Randomness): void {
    if (!asksForValues(name, this.world.plan.values)) return;
    const values = valuesText(name, info.timeMs, random.next());
    this.world.watch.values(this.name, info, values);
    this.service.hear(values);
  }

  get #isOutdated(): boolean {
    return (this.#host.status?.term ?? 0) < (this.world.coordinator.record?.term ?? 0);
  }

  /** A handler acts by itself, soon. */
  goOnLater(run: () => void, withinMs = SOON_MS): void {
    this.#host.jobs.later(undefined, run, withinMs);
  }

  // ── state ───────────────────────────────────────────────────────────────────────────────────────────────────────

  checkpoint(): Uint8Array {
    return this.service.checkpoint();
  }

  forgetHandlers(): void {
    this.streams.clear();
    this.nested = new NestedHandlers(this);
    this.timed.clear();
  }

  /** Restores a state. The knowledge of handlers is in no checkpoint. */
  restore(state: Uint8Array): void {
    this.service.restore(state);
    this.forgetHandlers();
  }

  /** Everything that was processed up to this order can no longer be lost. */
  markStable(upTo: OrderNum): void {
    for (; this.stableMarked < upTo; this.stableMarked++) {
      const name = this.processed[this.stableMarked + 1];
      if (name === undefined) continue;
      this.world.history.stable(name);
      this.world.outside?.stable(this.client, name);
    }
  }
}
