import {
  type Finished,
  type NestedCaller,
  type NestedId,
  type NestedReply,
  type OrderInfo,
  type Outcome,
  type ReplicaEvent,
  type Reply,
  replyOf,
  seqNumOf,
  type Task,
  WAITS,
} from '@understudy/core/internal';
import { textOf } from '@understudy/core/testing';
import type { Plan } from '../../plan/plan.js';
import type { Ledger } from '../../services/ledger.js';
import {
  type Asking,
  askingOf,
  asksFirst,
  asksInAll,
  callText,
  heardText,
  isOnce,
  nestedKey,
} from '../../services/nested.js';
import { streamOf, streamText } from '../../services/nested-streams.js';
import { Randomness } from '../../services/values.js';
import { demand } from '../../violation.js';
import { HandlerStream, type StreamOperation } from './handler-stream.js';

/** A task at its place in the order of all calls. */
export type OrderedTask = Extract<Task, { kind: 'ordered' }>;

/** A handler that has made calls. */
interface Handler {
  readonly name: string;
  readonly input: string;
  readonly asking: Asking;
  readonly task: OrderedTask;
  readonly random: Randomness;
  /** The stream that it opened, if it makes no other calls. */
  readonly stream: HandlerStream | undefined;
  calls: number;
  replies: number;
}

interface NestedCall {
  readonly handler: Handler;
  /** Which call of which operation it is. */
  readonly what: string;
  readonly text: string;
  /** The operation on the handler's stream, if the call is one. */
  readonly operation: StreamOperation | undefined;
}

/** The result of one step of the service. */
export interface Step {
  readonly outcome: Outcome;
  readonly finished: readonly Finished[];
  /** The order's entry in the history: the operation that took effect, or the reply that was heard. */
  readonly by: string;
  /** The operation that took effect, and its answer. */
  readonly ran: { readonly name: string; readonly answer: string } | undefined;
}

/** How long a handler that lingers may take. */
const LINGERS_MS = 600;
const NOTHING: readonly Finished[] = [];

/** The life that the handlers belong to, as far as they use it. */
export interface NestedHandlersLife {
  readonly name: string;
  readonly world: { readonly plan: Pick<Plan, 'nested' | 'once' | 'config'> };
  readonly service: Ledger;
  /** Another life began. */
  readonly isOver: boolean;
  /** The present handlers of that life: a restored checkpoint replaces them. */
  readonly nested: object;
  /** The handler of an operation is run. */
  processes(name: string): void;
  asks(name: string, info: OrderInfo, random: Randomness): void;
  goOnLater(run: () => void, withinMs: number): void;
  step(event: ReplicaEvent): void;
}

/** The handlers that call another service, in one life of a replica, as the server runs them. */
export class NestedHandlers {
  readonly #life: NestedHandlersLife;
  /** By id, the calls without a reply. */
  readonly #calls = new Map<string, NestedCall>();
  /** Handlers that have not ended. */
  readonly #waiting = new Set<Handler>();
  /** By client group, the newest term in which it called. */
  readonly #terms = new Map<string, number>();
  /** Calls that were made in the present step. */
  #made: NestedId[] = [];

  constructor(life: NestedHandlersLife) {
    this.#life = life;
  }

  /** How many calls have no reply, plus how many handlers have not ended. */
  get open(): number {
    return this.#calls.size + this.#waiting.size;
  }

  /** The outcome of an operation's handler, or the call that it waits for. */
  begin(task: OrderedTask, name: string, input: string, random: Randomness): Step {
    const { config } = this.#life.world.plan;
    const { method, nested: caller } = task.request;
    if (caller !== undefined) this.#heedsTerm(caller);
    const isOneWay = config.methods.some((one) => one.oneWay && method === `/${one.service}/${one.method}`);
    const asking = askingOf(name, this.#share, !isOneWay);
    for (const other of this.#waiting)
      demand(other.name !== name, () => `${this.#life.name} processes ${name} a second time, while it waits`);
    const shape =
      asking === 'nothing' || asking === 'aside'
        ? undefined
        : streamOf(name, this.#life.world.plan.nested?.streams ?? 0);
    const stream = shape && new HandlerStream(shape);
    const handler: Handler = { name, input, asking, task, random, stream, calls: 0, replies: 0 };
    const now = asking === 'nothing' || asking === 'aside';
    const step = now ? this.#run(handler, task) : undefined;
    if (stream !== undefined) for (const operation of stream.begin()) this.#operate(handler, stream, operation, task);
    else for (let i = asksFirst(asking); i > 0; i--) this.#ask(handler, task);
    if (step !== undefined) return step;
    this.#waiting.add(handler);
    return { outcome: WAITS, finished: NOTHING, by: `${name}?`, ran: undefined };
  }

  /** DESIGN 7.4: a call of a group's former primary has no effect once a call of its successor has had one. */
  #heedsTerm({ client, term }: NestedCaller): void {
    const newest = this.#terms.get(client) ?? 0;
    demand(term >= newest, () => `${this.#life.name} does what ${client} asked in term ${term}, after ${newest}`);
    this.#terms.set(client, term);
  }

  /** The handler of a stream's message makes a call and does not wait for it. */
  aside(task: OrderedTask, name: string): void {
    if (askingOf(name, this.#share, false) === 'nothing') return;
    this.#ask(
      {
        name,
        input: '',
        asking: 'aside',
        task,
        random: new Randomness(task.info),
        stream: undefined,
        calls: 0,
        replies: 0,
      },
      task,
    );
  }

  /** A reply, whose turn in the order has come, is given to its handler. */
  deliver(task: OrderedTask, { to, outcome }: NestedReply): Step {
    const call = this.#calls.get(nestedKey(to));
    demand(call !== undefined, () => `${this.#life.name} is given a reply to ${nestedKey(to)}, which waits for none`);
    this.#calls.delete(nestedKey(to));
    const { handler, what, operation } = call;
    if (handler.stream !== undefined && operation !== undefined)
      return this.#goesOn(task, call, handler.stream, outcome);
    const by = heardText(what, outcome);
    this.#life.service.hear(by);
    handler.replies++;
    const heard: Step = { outcome, finished: NOTHING, by, ran: undefined };
    if (handler.asking === 'aside') return heard;
    if (handler.replies < asksInAll(handler.asking)) {
      if (handler.calls < asksInAll(handler.asking)) this.#ask(handler, task);
      return heard;
    }
    const step = this.#run(handler, task);
    const { info } = handler.task;
    const ended = { connection: info.connection, seqNum: seqNumOf(info), outcome: replyOf(step.outcome) };
    if (handler.asking === 'and lingers') {
      this.#lingers(handler, ended);
      return step;
    }
    this.#waiting.delete(handler);
    return { ...step, finished: [ended] };
  }

  /** The handler of a stream goes on with the result of an operation on it. */
  #goesOn(task: OrderedTask, { handler, what, operation }: NestedCall, stream: HandlerStream, outcome: Reply): Step {
    const heard: Step = { outcome, finished: NOTHING, by: what, ran: undefined };
    if (operation === undefined || !this.#waiting.has(handler)) return heard;
    const { entries, next, isOver } = stream.heard(operation, outcome);
    for (const entry of entries) this.#life.service.hear(entry);
    for (const further of next) this.#operate(handler, stream, further, task);
    if (!isOver) return { ...heard, by: entries.at(-1) ?? what };
    this.#waiting.delete(handler);
    const step = this.#run(handler, task);
    const { info } = handler.task;
    const ended = { connection: info.connection, seqNum: seqNumOf(info), outcome: replyOf(step.outcome) };
    return { ...step, finished: [ended] };
  }

  #operate(handler: Handler, stream: HandlerStream, operation: StreamOperation, { info }: OrderedTask): void {
    const id: NestedId = { orderNum: info.orderNum, index: this.#made.length };
    const { place } = this.#life.service;
    const what = `${stream.shape.name}.${operation.role}${++handler.calls}`;
    const text = operation.role === 'open' ? streamText(stream.shape, place) : callText(what, place);
    this.#calls.set(nestedKey(id), { handler, what, text, operation });
    this.#made.push(id);
  }

  /** The stream of the call with this id, and the operation on it; undefined for any other call. */
  operationOf(id: NestedId): { readonly stream: HandlerStream; readonly operation: StreamOperation } | undefined {
    const call = this.#calls.get(nestedKey(id));
    const stream = call?.handler.stream;
    return call?.operation && stream && { stream, operation: call.operation };
  }

  /** The handler that waits for this call never goes on. */
  drop(to: NestedId): void {
    const call = this.#calls.get(nestedKey(to));
    if (call === undefined) return;
    this.#waiting.delete(call.handler);
    this.#calls.delete(nestedKey(to));
    call.handler.stream?.cancel();
  }

  /** The request of the call with this id; undefined if it was never made here, or is answered. */
  textOf(id: NestedId): string | undefined {
    return this.#calls.get(nestedKey(id))?.text;
  }

  /** Whether a call is the function of a handler that changes the outside world. */
  isOnce(id: NestedId): boolean {
    const call = this.#calls.get(nestedKey(id));
    return call !== undefined && call.operation === undefined && isOnce(call.what, this.#life.world.plan);
  }

  /** The share of operations whose handlers call. */
  get #share(): number {
    const { nested, once } = this.#life.world.plan;
    return Math.max(nested?.share ?? 0, once?.share ?? 0);
  }

  /** The calls that were made in this step. */
  takeMade(): readonly NestedId[] {
    return this.#made.splice(0);
  }

  #run({ name, input, random }: Handler, { info }: OrderedTask): Step {
    this.#life.processes(name);
    this.#life.asks(name, info, random);
    const outcome = this.#life.service.run(name, input);
    return { outcome, finished: NOTHING, by: name, ran: { name, answer: textOf(outcome.message) } };
  }

  #ask(handler: Handler, { info }: OrderedTask): void {
    const id: NestedId = { orderNum: info.orderNum, index: this.#made.length };
    const what = `${handler.name}.${++handler.calls}`;
    this.#calls.set(nestedKey(id), {
      handler,
      what,
      text: callText(what, this.#life.service.place),
      operation: undefined,
    });
    this.#made.push(id);
  }

  #lingers(handler: Handler, finished: Finished): void {
    this.#life.goOnLater(() => {
      // A checkpoint was restored, or another life began.
      if (this.#life.isOver || this.#life.nested !== this || !this.#waiting.delete(handler)) return;
      this.#life.step({ kind: 'lateEnd', finished });
    }, LINGERS_MS);
  }
}
