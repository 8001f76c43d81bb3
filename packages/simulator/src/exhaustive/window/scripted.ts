import { Choices } from '../../draw/choices.js';

/** A draw that the script left open: it could have come to any number below `n`. */
export interface Draw {
  readonly n: number;
  readonly step: number;
}

/**
 * Answers from a script. Outside the window every draw is 0 and only what is likely comes true; inside it each draw with
 * more than one possible answer is noted, so that the explorer can go through the others.
 */
export class Scripted extends Choices {
  readonly #answers: ReadonlyMap<number, number>;
  readonly draws: Draw[] = [];
  /** The step of the window; undefined outside it. */
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
