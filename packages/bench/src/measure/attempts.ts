import { Disturbed } from '../ipc/child.js';
import { onStage, type Stage } from '../processes/stage.js';
import type { Bench } from './settings.js';

/** How often something is measured at most when the group does not stay as it is. */
const ATTEMPTS_MAX = 3;

/** What was found once. */
export interface Finding<T> {
  readonly result: T;
  /** The group stayed as it was, but for what the measurement itself did to it. */
  readonly whole: boolean;
}

/** What was measured, and how often the group was disturbed meanwhile, so that it was measured again. */
export interface Attempted<T> {
  readonly result: T;
  /** When this is `ATTEMPTS_MAX` the result itself is of a disturbed group. */
  readonly disturbed: number;
}

/**
 * Measures at a site of its own, and again in another when the group did not stay whole: on a busy machine a replica may
 * not run for the length of a lease, and is taken for dead.
 */
export async function attempt<T>(bench: Bench, measure: (stage: Stage) => Promise<Finding<T>>): Promise<Attempted<T>> {
  for (let disturbed = 1; ; disturbed++) {
    const finding = await onStage(bench.interrupt, measure).catch((error: unknown) => {
      if (error instanceof Disturbed && disturbed < ATTEMPTS_MAX) return undefined;
      throw error;
    });
    if (finding?.whole) return { result: finding.result, disturbed: disturbed - 1 };
    bench.progress('  the group was disturbed meanwhile');
    if (finding !== undefined && disturbed === ATTEMPTS_MAX) return { result: finding.result, disturbed };
  }
}
