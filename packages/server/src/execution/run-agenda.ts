/** The agenda of one handler: what it has done later, at a place in the order. */
import type { Agenda, StepTimer } from '@understudy/context';
import { handle } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';
import { type ArmedData, type NestedId, withOneMore } from '@understudy/core/internal';
import { type OnceRunner, resultOf } from '../agenda/once.js';
import type { EventLoop } from '../loop/event-loop.js';
import type { HandlerRun } from './handler-run.js';
import type { OpenNestedCalls } from './open-nested-calls.js';
import type { Step } from './step.js';
import type { Steps } from './steps.js';
import type { TimerFunctions } from './timer-functions.js';

/** The part of a replica's life that the agendas of its handlers use. */
export interface AgendaLife {
  readonly loop: EventLoop;
  readonly steps: Steps;
  readonly nested: OpenNestedCalls;
  readonly functions: TimerFunctions;
  readonly effects: OnceRunner;
  /** What the armed timers hold that are data, as far as the core has heard. */
  armedData(): ArmedData;
  /**
   * The running step, if the handler has a part in it. A handler that runs alone gets a step like all others.
   */
  stepOf(run: HandlerRun): Step | undefined;
  /** The place of something that a handler puts off after its reply, though its step is over. */
  placeBehind(run: HandlerRun): NestedId | undefined;
}

/** Ids of timers are numbers, because they may be given to `clearTimeout`. */
const INDEXES = 2 ** 16;
const numberOf = ({ orderNum, index }: NestedId): number => orderNum * INDEXES + index;

export class RunAgenda implements Agenda {
  readonly #run: HandlerRun;
  readonly #life: AgendaLife;
  /** The same as a step's `armed`, for what the handler puts off after its reply. */
  #behind: ArmedData | undefined;

  constructor(run: HandlerRun, life: AgendaLife) {
    this.#run = run;
    this.#life = life;
  }

  timer(call: () => void, delayMs: number, repeats: boolean): StepTimer | undefined {
    const id = this.#place();
    if (id === undefined) return undefined;
    const { functions } = this.#life;
    const timer = { id, run: this.#run, call, delayMs, repeats };
    functions.set(timer);
    return {
      id: numberOf(id),
      clear: () => {
        if (this.#isInStep) functions.clear(id);
      },
      refresh: () => {
        if (this.#isInStep) functions.set(timer);
      },
    };
  }

  soon(call: () => void): StepTimer | undefined {
    const { steps } = this.#life;
    const step = this.#life.stepOf(this.#run);
    if (step === undefined) return undefined;
    let isCleared = false;
    steps.hold(step, () => {
      if (!isCleared) handle(this.#run, call);
    });
    return {
      id: 0,
      clear() {
        isCleared = true;
      },
      refresh() {},
    };
  }

  once(name: string, run: (key: string) => unknown): Promise<unknown> {
    if (this.#life.stepOf(this.#run) === undefined) return Promise.reject(outside(`once(${JSON.stringify(name)})`));
    const { nested, effects } = this.#life;
    return new Promise((resolve, reject) => {
      nested.makeOwn(this.#run, effects.sender(name, run), (outcome) => {
        try {
          resolve(resultOf(outcome));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  after(delayMs: number, name: string, payload: Uint8Array): string {
    const step = this.#life.stepOf(this.#run);
    const armed = withOneMore(this.#armed(step), name, payload.length);
    const id = step?.place() ?? this.#life.placeBehind(this.#run);
    const timeMs = this.#run.values.timeMs;
    if (id === undefined || timeMs === undefined) throw outside(`after(…, ${JSON.stringify(name)})`);
    if (typeof armed === 'string') throw new UnderstudyError('UNDERSTUDY_OVERLOADED', armed);
    this.#note(step, armed);
    const timer = { kind: 'after', id, delayMs, dueMs: timeMs + delayMs, name, payload } as const;
    this.#life.loop.dispatch({ kind: 'timerSet', timer });
    return `${id.orderNum}.${id.index}`;
  }

  cancel(text: string): void {
    const [orderNum, index] = text.split('.').map(Number);
    const id = { orderNum, index } as NestedId;
    if (!Number.isSafeInteger(orderNum) || !Number.isSafeInteger(index)) return;
    if (!this.#isInStep) throw outside('cancel()');
    const step = this.#life.stepOf(this.#run);
    if (step !== undefined) this.#note(step, this.#armed(step));
    this.#life.loop.dispatch({ kind: 'timerCleared', id });
  }

  /**
   * What the timers hold that are data, with those of this step. The core hears of a step's timers sooner on one replica than
   * on another, but on all of them before the next step: so what a step cancels makes room from the next one on.
   */
  #armed(step: Step | undefined): ArmedData {
    return (step === undefined ? this.#behind : step.armed) ?? this.#life.armedData();
  }

  #note(step: Step | undefined, armed: ArmedData): void {
    if (step === undefined) this.#behind = armed;
    else step.armed = armed;
  }

  /** What is cleared between two steps is cleared on one replica only, so it is not cleared at all. */
  get #isInStep(): boolean {
    return this.#run.values.timeMs !== undefined;
  }

  #place(): NestedId | undefined {
    return this.#life.stepOf(this.#run)?.place() ?? this.#life.placeBehind(this.#run);
  }
}

const outside = (what: string): UnderstudyError =>
  new UnderstudyError(
    'UNDERSTUDY_OUT_OF_ORDER',
    `${what} was called where no message is processed: outside of handlers, in a read-only call, or after I/O or a timer that has no place in the order. Call it in a handler, before anything else is awaited`,
  );
