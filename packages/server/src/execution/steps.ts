/** The execution of ordered messages, one step after the other. */
import { handle, realImmediate } from '@understudy/context';
import type { Reply, Task } from '@understudy/core/internal';
import type { Activity } from '../loop/activity.js';
import type { EventLoop } from '../loop/event-loop.js';
import { Rest } from '../loop/rest.js';
import { type Addressee, type Ending, endingOf, type OrderedTask, Step } from './step.js';
import type { StreamRuns } from './stream-runs.js';
import type { UnaryRun } from './unary-run.js';

export interface StepsOptions {
  readonly loop: EventLoop;
  readonly streams: StreamRuns;
  readonly activity: Activity;
}

/**
 * Takes the steps of one life of a replica. A step ends when all handlers are at rest, whichever of them its message
 * woke, and the handler that the message is for has ended or waits for replies. On the primary, the ends of handlers
 * pass the interceptors before the step is reported.
 */
export class Steps {
  readonly #options: StepsOptions;
  readonly #rest = new Rest();
  #current: Step | undefined;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** The step that handlers run in at present; undefined if their actions now have no place in the order. */
  get running(): Step | undefined {
    return this.#current?.sealed === false ? this.#current : undefined;
  }

  /** The time of the step that handlers run in at present. */
  get timeMs(): number | undefined {
    return this.running?.task.info.timeMs;
  }

  begin(task: OrderedTask, to: Addressee): void {
    this.#current = new Step(task, to, this.#options.streams.begin());
    this.look();
  }

  /** Checks whether the step is over, after an event on which that may depend. */
  look(): void {
    const step = this.running;
    if (step === undefined || step.resting) return;
    step.resting = true;
    const { activity } = this.#options;
    activity.began();
    this.#rest.after(() => {
      activity.ended();
      step.resting = false;
      if (step === this.#current && !step.isAwaited) this.#seal(step);
    });
  }

  /** Keeps the step open until `act` was called, in a later turn, and handlers are at rest after it. */
  hold(step: Step, act: () => void): void {
    step.held++;
    realImmediate(() => {
      step.held--;
      try {
        act();
      } finally {
        this.look();
      }
    });
  }

  /** Takes the end of a unary handler. */
  ended(run: UnaryRun, outcome: Reply): void {
    if (this.#options.loop.closed) return;
    const step = this.#current;
    if (step === undefined || run.isAbandoned) {
      const ending = endingOf(run, outcome);
      pass(run, ending, () => this.#endedLate(ending));
      return;
    }
    if (step.sealed || step.called !== run) this.#pass(step, run, step.end(run, outcome));
    this.look();
  }

  /**
   * Gives up the step of a task, because the core no longer waits for its outcome. Handlers that had waited and ended
   * in it count as ended by themselves.
   */
  abandon(task: Task): void {
    const step = this.#current;
    if (step?.task !== task) return;
    this.#current = undefined;
    step.run?.abandon();
    this.#options.streams.finish(step.outputs);
    for (const ending of step.finished) if (!step.passing.has(ending)) this.#endedLate(ending);
  }

  /** Ends the steps, because this life is over. */
  close(): void {
    this.#current = undefined;
  }

  #seal(step: Step): void {
    const answer = step.seal();
    const { called } = step;
    if (answer !== undefined && called !== undefined) this.#pass(step, called, answer);
    else this.#leave(step);
  }

  #pass(step: Step, run: UnaryRun, ending: Ending): void {
    step.passing.add(ending);
    pass(run, ending, () => {
      step.passing.delete(ending);
      if (step === this.#current) this.#leave(step);
      else this.#endedLate(ending);
    });
  }

  #leave(step: Step): void {
    if (!step.sealed || step.passing.size > 0) return;
    this.#current = undefined;
    const { task, outcome, digest, outputs, finished } = step;
    this.#options.streams.finish(outputs);
    this.#options.loop.dispatch({ kind: 'executed', task, outcome, digest, outputs, finished });
  }

  #endedLate(finished: Ending): void {
    this.#options.loop.dispatch({ kind: 'lateEnd', finished });
  }
}

/**
 * Passes an end through the response half of the user's interceptors, if there are any. They run outside of any
 * handling.
 */
function pass({ admitted }: UnaryRun, ending: Ending, then: () => void): void {
  if (admitted === undefined) {
    then();
    return;
  }
  const { outcome } = ending;
  handle(undefined, () =>
    admitted.finish(outcome, (sent) => {
      ending.outcome = sent;
      then();
    }),
  );
}
