import type { Progress } from '../report/progress.js';
import type { Replicas } from './replicas.js';
import type { Stage } from './stage.js';

export interface KillPlan {
  /** How many primaries are to be killed. */
  readonly wanted: number;
  /** How many replies the run has; each another `1/(wanted + 1)` of them, a primary is killed. */
  readonly total: number;
  /** What is counted, for notes: 'replies'. */
  readonly unit: string;
}

/** Kills primaries as a run proceeds. */
export class Kills {
  readonly #stage: Stage;
  readonly #replicas: Replicas;
  readonly #plan: KillPlan;
  readonly #progress: Progress;
  #begun = 0;
  #done = 0;
  #over = false;
  #last: Promise<void> = Promise.resolve();

  constructor(stage: Stage, replicas: Replicas, plan: KillPlan, progress: Progress) {
    this.#stage = stage;
    this.#replicas = replicas;
    this.#plan = plan;
    this.#progress = progress;
  }

  onProgress(replies: number): void {
    const { wanted, total } = this.#plan;
    this.#over = replies >= total;
    if (this.#over) this.#replicas.wake();
    while (this.#begun < wanted && replies * (wanted + 1) >= total * (this.#begun + 1)) {
      this.#begun += 1;
      this.#last = this.#last.then(() => this.#kill(replies));
      // The run is waited for elsewhere, and ends with the same failure.
      this.#last.catch(() => {});
    }
  }

  finish(): Promise<void> {
    return this.#stage.until(this.#last);
  }

  missing(): string[] {
    const late = this.#plan.wanted - this.#done;
    return late === 0 ? [] : [`${late} of ${this.#plan.wanted} kills came too late: the run was through before.`];
  }

  async #kill(replies: number): Promise<void> {
    const event = await this.#replicas.killPrimary(() => this.#over);
    if (event === undefined) return;
    this.#done += 1;
    const { unit } = this.#plan;
    this.#progress.note(`killed ${event.replica}, primary of term ${event.term}, after ${replies} ${unit}`);
  }
}
