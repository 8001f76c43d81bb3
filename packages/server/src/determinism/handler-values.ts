import type { Agenda, RandomStream, StepValues } from '@understudy/context';
import type { OrderInfo } from '@understudy/core/internal';
import type { OnEffect } from './effect-warnings.js';
import type { Seeds } from './seeds.js';

/** The time of the present step; undefined between steps. */
export interface StepClock {
  readonly timeMs: number | undefined;
}

/** The sources from which a replica gives its handlers time and randomness. */
export interface ValuesSource {
  readonly seeds: Seeds;
  readonly clock: StepClock;
  readonly inGlobals: boolean;
  readonly onEffect: OnEffect | undefined;
}

/**
 * The values that one handler gets, from its first step to its last: the time of whichever step is running, and a
 * stream of randomness of its own. Because the stream is the handler's own, its values do not depend on what other
 * handlers draw between two of its steps.
 */
export class HandlerValues implements StepValues {
  readonly #source: ValuesSource;
  readonly #began: OrderInfo;
  #random: RandomStream | undefined;
  /** Undefined for a handler that can put nothing off. */
  agenda: Agenda | undefined;

  /** @param began the order that started the handler */
  constructor(source: ValuesSource, began: OrderInfo) {
    this.#source = source;
    this.#began = began;
  }

  get timeMs(): number | undefined {
    return this.#source.clock.timeMs;
  }

  get inGlobals(): boolean {
    return this.#source.inGlobals;
  }

  get onEffect(): OnEffect | undefined {
    return this.#source.onEffect;
  }

  get random(): RandomStream {
    this.#random ??= this.#source.seeds.stream(this.#began.term, this.#began.orderNum);
    return this.#random;
  }
}
