import type { NestedRequest } from '@understudy/context';
import {
  assert,
  type Finished,
  mixDigest,
  type NestedId,
  type Outcome,
  type Reply,
  requestDigest,
  STREAMED,
  type StreamOutput,
  type Task,
  WAITS,
} from '@understudy/core/internal';
import { outcomeDigest } from '@understudy/wire';
import type { HandlerRun } from './handler-run.js';
import type { UnaryRun } from './unary-run.js';

export type OrderedTask = Extract<Task, { kind: 'ordered' }>;

/** The end of a unary handler. `outcome`: what the handler came to, then what interceptors made of it. */
export interface Ending extends Finished {
  outcome: Reply;
}

export const endingOf = ({ name }: UnaryRun, outcome: Reply): Ending => ({
  ...name,
  outcome,
});

/** Whom a message is for, if that is a handler whose end or whose calls matter to its step. */
export interface Addressee {
  /** It is a unary call and starts this handler: its outcome is what that comes to. */
  readonly called?: UnaryRun;
  /** It is a reply, and this handler asked. */
  readonly asker?: HandlerRun;
}

/** What comes of one ordered message, from `execute` to `executed`. */
export class Step {
  readonly task: OrderedTask;
  readonly called: UnaryRun | undefined;
  /** The handler that it is for. */
  readonly run: HandlerRun | undefined;
  /** What handlers of streams send meanwhile. */
  readonly outputs: readonly StreamOutput[];
  /** Handlers that had waited and end meanwhile. */
  readonly finished: Ending[] = [];
  /** Whose ends interceptors hold. */
  readonly passing = new Set<Ending>();
  /** It is looked at when handlers are at rest. */
  resting = false;
  /** How much is to be done in later turns before it may be over. */
  held = 0;
  #calls = 0;
  #mixed: number | undefined;
  #digest: number | undefined;
  #answer: Ending | undefined;

  constructor(task: OrderedTask, { called, asker }: Addressee, outputs: readonly StreamOutput[]) {
    this.task = task;
    this.called = called;
    this.run = called ?? asker;
    this.outputs = outputs;
  }

  /** Handlers have come to rest: nothing is added to the digest any more. */
  get sealed(): boolean {
    return this.#digest !== undefined;
  }

  /** Of what handlers came to and what they asked others. */
  get digest(): number {
    assert(this.#digest !== undefined, () => `the step of order ${this.task.info.orderNum} is not sealed`);
    return this.#digest;
  }

  /** It is not over, even if handlers are at rest. */
  get isAwaited(): boolean {
    return this.held > 0 || this.run?.isAwaited === true;
  }

  get outcome(): Outcome {
    return this.#answer?.outcome ?? (this.called === undefined ? STREAMED : WAITS);
  }

  /** A handler calls another service. */
  call({ method, message }: NestedRequest): NestedId {
    this.#mix(requestDigest(method, message));
    return { orderNum: this.task.info.orderNum, index: this.#calls++ };
  }

  /** A handler that had waited came to its end. */
  end(run: UnaryRun, outcome: Reply): Ending {
    this.#mix(outcomeDigest(outcome));
    const ending = endingOf(run, outcome);
    this.finished.push(ending);
    return ending;
  }

  /** @returns the end of the handler that it started; undefined if there is none */
  seal(): Ending | undefined {
    const { called } = this;
    if (called?.outcome !== undefined) this.#answer = endingOf(called, called.outcome);
    const digest = digestOf(this.outcome);
    this.#digest = this.#mixed === undefined ? digest : mixDigest(this.#mixed, digest);
    return this.#answer;
  }

  #mix(word: number): void {
    this.#mixed = mixDigest(this.#mixed ?? 0, word);
  }
}

/** Most steps of streams, and all of replies, have the same outcome. */
const STREAMED_DIGEST = outcomeDigest(STREAMED);
export const digestOf = (outcome: Outcome): number => (outcome === STREAMED ? STREAMED_DIGEST : outcomeDigest(outcome));

/** Of a step that this replica could not take: others, which could, come to another. */
export const NO_DIGEST = ~STREAMED_DIGEST >>> 0;
