/** Kills primaries at planned points of a run. */
import type { Progress } from '../show/progress.js';
import type { Replicas } from './replicas.js';
import type { Stage } from './stage.js';

/** How often to kill, and how long the run is. */
export interface KillPlan {
  /** How many primaries to kill. */
  readonly wanted: number;
  /** How many replies the run has. A primary is killed whenever another `1/(wanted + 1)` of them has arrived. */
  readonly total: number;
  /** The word for what is counted: 'replies'. */
  readonly unit: string;
}

/** Kills primaries while a run proceeds. */
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
      // A failure of the kill also ends the run, which reports it.
      this.#last.catch(() => {});
    }
  }

  finish(): Promise<void> {
    return this.#stage.until(this.#last);
  }

  missing(): string[] {
    const late = this.#plan.wanted - this.#done;
    return late === 0
      ? []
      : [`${late} of ${this.#plan.wanted} kills came too late: the run had ended already; make it longer.`];
  }

  async #kill(replies: number): Promise<void> {
    const event = await this.#replicas.killPrimary(() => this.#over);
    if (event === undefined) return;
    this.#done += 1;
    const { unit } = this.#plan;
    this.#progress.note(`killed ${event.replica}, primary of term ${event.term}, after ${replies} ${unit}`);
  }
}
