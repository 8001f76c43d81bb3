/** Choices from a script instead of random ones. */
import { Choices } from '../../draw/choices.js';

/** A draw that the script did not decide. Any number below `n` was possible. */
export interface Draw {
  readonly n: number;
  readonly step: number;
}

/**
 * Answers draws from a script. Outside the window every draw is 0, and only likely events happen. Inside, it notes each
 * draw with more than one possible answer, so that the explorer can try the others.
 */
export class Scripted extends Choices {
  readonly #answers: ReadonlyMap<number, number>;
  readonly draws: Draw[] = [];
  /** The present step of the window; undefined outside the window. */
  step: number | undefined;

  constructor(answers: ReadonlyMap<number, number>) {
    super();
    this.#answers = answers;
  }

  below(n: number): number {
    if (this.step === undefined || n <= 1) return 0;
    this.draws.push({ n, step: this.step });
    return Math.min(this.#answers.get(this.draws.length - 1) ?? 0, n - 1);
  }

  between(from: number): number {
    return from;
  }

  chance(probability: number): boolean {
    if (this.step === undefined || probability <= 0 || probability >= 1) return probability > 0.5;
    return this.below(2) === 1;
  }
}
