import type { Logger, ReplicaId } from '@understudy/core';
import type { Life } from '../lives/life.js';
import type { Promised } from './promised.js';

/** How long a hand-over may take. */
const STOP_MS = 3000;

export interface HandOverOptions {
  /** How long the last replica in sync waits for others that are catching up. */
  readonly learnersMs: number;
  /** Replicas that are known to run. */
  readonly present: readonly ReplicaId[];
  readonly logger: Logger;
}

/**
 * Has a life hand over, or leave if it is a backup, within bounds.
 *
 * @param stopped settled when it has
 * @returns the replica that was handed over to, if any
 */
export async function handOver(
  life: Life,
  stopped: Promised<ReplicaId | undefined>,
  { learnersMs, present, logger }: HandOverOptions,
): Promise<ReplicaId | undefined> {
  const tooLate = setInterval(() => {
    // The last replica in sync waits for learners, within bounds of its own.
    if (life.status.leaving !== undefined) return;
    const { recordChange } = life.status;
    logger.log('warn', 'stops before it could hand over', { afterMs: STOP_MS, recordChange });
    stopped.resolve(undefined);
  }, STOP_MS);
  life.stepDown(learnersMs, present);
  try {
    return await stopped.promise;
  } finally {
    clearInterval(tooLate);
  }
}
