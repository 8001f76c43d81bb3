/** One step of the execution: the processing of one ordered message, with all its results. */
import type { NestedRequest } from '@understudy/context';
import {
  type ArmedData,
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

/** The end of a unary handler. `outcome` is the handler's own at first, and later what interceptors made of it. */
export interface Ending extends Finished {
  outcome: Reply;
}

export const endingOf = ({ name }: UnaryRun, outcome: Reply): Ending => ({
  ...name,
  outcome,
});

/** The handler that a message is for, if the end or the calls of that handler matter to the step. */
export interface Addressee {
  /** The handler that the message starts, if it is a unary call. Its outcome is the step's. */
  readonly called?: UnaryRun;
  /** The handler that made the call, if the message is the reply to one. */
  readonly asker?: HandlerRun;
}

/** The processing of one ordered message, from the core's `execute` to `executed`. */
export class Step {
  readonly task: OrderedTask;
  readonly called: UnaryRun | undefined;
  /** The handler that the message is for. */
  readonly run: HandlerRun | undefined;
  /** The items that streaming handlers send during the step. */
  readonly outputs: readonly StreamOutput[];
  /** Handlers that had waited and end during the step. */
  readonly finished: Ending[] = [];
  /** The ends that interceptors hold. */
  readonly passing = new Set<Ending>();
  /** Whether the step is going to be looked at when handlers are at rest. */
  resting = false;
  /** What the timers hold that are data, from the first one on that the step arms or cancels. */
  armed: ArmedData | undefined;
  /** How many things must be done in later turns before the step may be over. */
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

  /** Whether handlers are at rest and nothing is added to the digest any more. */
  get sealed(): boolean {
    return this.#digest !== undefined;
  }

  /** The digest of the handlers' outcomes and of the calls that they made. */
  get digest(): number {
    assert(this.#digest !== undefined, () => `the step of order ${this.task.info.orderNum} is not sealed`);
    return this.#digest;
  }

  /** Whether the step is not over even if handlers are at rest. */
  get isAwaited(): boolean {
    return this.held > 0 || this.run?.isAwaited === true;
  }

  get outcome(): Outcome {
    return this.#answer?.outcome ?? (this.called === undefined ? STREAMED : WAITS);
  }

  /** Gives a call that a handler makes during the step its place in the order. */
  call({ method, message }: NestedRequest): NestedId {
    this.#mix(requestDigest(method, message));
    return this.place();
  }

  /** Gives the next timer or delayed function of the step its place in the order. */
  place(): NestedId {
    return { orderNum: this.task.info.orderNum, index: this.#calls++ };
  }

  /** Notes that a handler that had waited has ended. */
  end(run: UnaryRun, outcome: Reply): Ending {
    this.#mix(outcomeDigest(outcome));
    const ending = endingOf(run, outcome);
    this.finished.push(ending);
    return ending;
  }

  /** @returns the end of the handler that the message started; undefined if that has not ended, or there is none */
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

/** Most steps of streams, and all of replies, have this outcome. */
const STREAMED_DIGEST = outcomeDigest(STREAMED);
export const digestOf = (outcome: Outcome): number => (outcome === STREAMED ? STREAMED_DIGEST : outcomeDigest(outcome));

/** The digest of a step that this replica could not take. Replicas that could take it have another digest. */
export const NO_DIGEST = ~STREAMED_DIGEST >>> 0;
