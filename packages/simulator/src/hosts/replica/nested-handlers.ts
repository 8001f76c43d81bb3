import {
  type Finished,
  type NestedCaller,
  type NestedId,
  type NestedReply,
  type Outcome,
  replyOf,
  seqNumOf,
  type Task,
  WAITS,
} from '@understudy/core';
import { textOf } from '@understudy/core/testing';
import { type Asking, askingOf, asksFirst, asksInAll, callText, heardText } from '../../services/nested.js';
import { demand } from '../../violation.js';
import type { ServerHost } from './server-host.js';

type Ordered = Extract<Task, { kind: 'ordered' }>;

/** A handler that made calls. */
interface Handler {
  readonly name: string;
  readonly input: string;
  readonly asking: Asking;
  readonly task: Ordered;
  calls: number;
  replies: number;
}

interface Call {
  readonly handler: Handler;
  /** The operation, and which of its calls it is. */
  readonly what: string;
  readonly text: string;
}

/** What came of one step of the service. */
export interface Step {
  readonly outcome: Outcome;
  readonly finished: readonly Finished[];
  /** The order as the history knows it: the operation that took effect, or the reply that was heard. */
  readonly by: string;
  /** The operation that took effect, and its answer. */
  readonly ran: { readonly name: string; readonly answer: string } | undefined;
}

/** A handler that lingers takes up to this long. */
const LINGERS_MS = 600;
const NOTHING: readonly Finished[] = [];

/** The handlers that asked another service for something, in one life of a replica, as the server runs them. */
export class NestedHandlers {
  readonly #server: ServerHost;
  /** Those without a reply, by id. */
  readonly #calls = new Map<string, Call>();
  /** Those that have not come to their end. */
  readonly #waiting = new Set<Handler>();
  /** The newest term of groups that are clients. */
  readonly #terms = new Map<string, number>();
  /** Made in the present step. */
  #made: NestedId[] = [];

  constructor(server: ServerHost) {
    this.#server = server;
  }

  /** Calls without a reply, and handlers that have not come to their end. */
  get open(): number {
    return this.#calls.size + this.#waiting.size;
  }

  /** What the handler of an operation comes to, or waits for. */
  begin(task: Ordered, name: string, input: string): Step {
    const { nested, config } = this.#server.simulation.plan;
    const { method, nested: caller } = task.request;
    if (caller !== undefined) this.#heedsTerm(caller);
    const isOneWay = config.methods.some((one) => one.oneWay && method === `/${one.service}/${one.method}`);
    const asking = nested === undefined ? 'nothing' : askingOf(name, nested.share, !isOneWay);
    for (const other of this.#waiting)
      demand(other.name !== name, () => `${this.#server.name} processes ${name} a second time, while it waits`);
    const handler: Handler = { name, input, asking, task, calls: 0, replies: 0 };
    const now = asking === 'nothing' || asking === 'aside';
    const step = now ? this.#run(handler) : undefined;
    for (let i = asksFirst(asking); i > 0; i--) this.#ask(handler, task);
    if (step !== undefined) return step;
    this.#waiting.add(handler);
    return { outcome: WAITS, finished: NOTHING, by: `${name}?`, ran: undefined };
  }

  /** DESIGN 7.4: who called as primary has no effect once its successor had one. */
  #heedsTerm({ client, term }: NestedCaller): void {
    const newest = this.#terms.get(client) ?? 0;
    demand(term >= newest, () => `${this.#server.name} does what ${client} asked in term ${term}, after ${newest}`);
    this.#terms.set(client, term);
  }

  /** A message of a stream asks for something, and nobody waits for it. */
  aside(task: Ordered, name: string): void {
    const { nested } = this.#server.simulation.plan;
    if (nested === undefined || askingOf(name, nested.share, false) === 'nothing') return;
    this.#ask({ name, input: '', asking: 'aside', task, calls: 0, replies: 0 }, task);
  }

  /** A reply has its place in the order. */
  deliver(task: Ordered, { to, outcome }: NestedReply): Step {
    const call = this.#calls.get(keyOf(to));
    demand(call !== undefined, () => `${this.#server.name} is given a reply to ${keyOf(to)}, which waits for none`);
    this.#calls.delete(keyOf(to));
    const { handler, what } = call;
    const by = heardText(what, outcome);
    this.#server.service.hear(by);
    handler.replies++;
    const heard: Step = { outcome, finished: NOTHING, by, ran: undefined };
    if (handler.asking === 'aside') return heard;
    if (handler.replies < asksInAll(handler.asking)) {
      if (handler.calls < asksInAll(handler.asking)) this.#ask(handler, task);
      return heard;
    }
    const step = this.#run(handler);
    const { info } = handler.task;
    const ended = { connection: info.connection, seqNum: seqNumOf(info), outcome: replyOf(step.outcome) };
    if (handler.asking === 'and lingers') {
      this.#lingers(handler, ended);
      return step;
    }
    this.#waiting.delete(handler);
    return { ...step, finished: [ended] };
  }

  /** What the call with this id asks; undefined if it was never made here, or is answered. */
  textOf(id: NestedId): string | undefined {
    return this.#calls.get(keyOf(id))?.text;
  }

  /** The calls that were made in this step. */
  takeMade(): readonly NestedId[] {
    return this.#made.splice(0);
  }

  #run({ name, input }: Handler): Step {
    this.#server.processes(name);
    const outcome = this.#server.service.run(name, input);
    return { outcome, finished: NOTHING, by: name, ran: { name, answer: textOf(outcome.message) } };
  }

  #ask(handler: Handler, { info }: Ordered): void {
    const id: NestedId = { orderNum: info.orderNum, index: this.#made.length };
    const what = `${handler.name}.${++handler.calls}`;
    this.#calls.set(keyOf(id), { handler, what, text: callText(what, this.#server.service.place) });
    this.#made.push(id);
  }

  #lingers(handler: Handler, finished: Finished): void {
    this.#server.goOnLater(() => {
      // Another life began meanwhile.
      if (this.#server.nested !== this || !this.#waiting.delete(handler)) return;
      this.#server.step({ kind: 'lateEnd', finished });
    }, LINGERS_MS);
  }
}

export const keyOf = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;
