import type { Task } from '@understudy/core/internal';
import type { Act } from '../../act.js';
import type { Choices } from '../../draw/choices.js';
import type { Plan } from '../../plan/plan.js';

/** The settings that decide how long a job takes. */
export interface JobsWorld {
  readonly nowMs: number;
  readonly choices: Choices;
  readonly plan: Pick<Plan, 'handlerMs'>;
}

/** A task of a replica's adapter, which then tells the core. */
export class Job implements Act {
  readonly readyAtMs: number;
  readonly task: Task | undefined;
  readonly #jobs: Jobs;
  readonly #do: () => void;

  constructor(jobs: Jobs, readyAtMs: number, task: Task | undefined, run: () => void) {
    this.#jobs = jobs;
    this.readyAtMs = readyAtMs;
    this.task = task;
    this.#do = run;
  }

  act(): void {
    this.#jobs.remove(this);
    this.#do();
  }
}

/** The jobs that keep a replica's adapter and its handlers busy. */
export class Jobs {
  list: readonly Job[] = [];
  /** The earliest time at which handlers that begin now may end. */
  busyUntilMs = 0;
  readonly #world: JobsWorld;

  constructor(world: JobsWorld) {
    this.#world = world;
  }

  /** @param task the task whose handler does the job, if a handler does */
  later(task: Task | undefined, run: () => void, withinMs = this.#world.plan.handlerMs): void {
    const { choices, nowMs } = this.#world;
    const delayMs = withinMs > 0 && choices.chance(0.5) ? choices.below(withinMs) : 0;
    this.list = [...this.list, new Job(this, Math.max(nowMs + delayMs, this.busyUntilMs), task, run)];
  }

  remove(job: Job): void {
    this.list = this.list.filter((other) => other !== job);
  }

  abandon(task: Task): void {
    this.list = this.list.filter((job) => job.task !== task);
  }

  clear(): void {
    this.list = [];
  }
}
