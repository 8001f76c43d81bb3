import { Disturbed } from '../ipc/child.js';
import { onStage, type Stage } from '../processes/stage.js';
import type { Bench } from './settings.js';

/** How often a measurement is made at most when the group is disturbed every time. */
export const ATTEMPTS_MAX = 3;

/** The result of one attempt. */
export interface Finding<T> {
  readonly result: T;
  /** Whether the group stayed as it was formed, except for what the measurement itself did to it. */
  readonly whole: boolean;
}

/** The result of a measurement, and how often it was repeated because the group was disturbed. */
export interface Attempted<T> {
  readonly result: T;
  /**
   * How often the measurement was repeated. With `ATTEMPTS_MAX` the group was disturbed in the last attempt too, and
   * `result` is of that attempt.
   */
  readonly disturbed: number;
}

/**
 * Measures on a stage of its own, and again on another when the group did not stay whole: on a busy machine a replica
 * may not get to run for the length of a lease, and the others take it for dead.
 */
export async function attempt<T>(bench: Bench, measure: (stage: Stage) => Promise<Finding<T>>): Promise<Attempted<T>> {
  for (let disturbed = 1; ; disturbed++) {
    const finding = await onStage(bench.interrupt, measure).catch((error: unknown) => {
      if (error instanceof Disturbed && disturbed < ATTEMPTS_MAX) return undefined;
      throw error;
    });
    if (finding?.whole) return { result: finding.result, disturbed: disturbed - 1 };
    bench.progress('  the group was disturbed while it was measured');
    if (finding !== undefined && disturbed === ATTEMPTS_MAX) return { result: finding.result, disturbed };
  }
}
