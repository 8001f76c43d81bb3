/** Has a life hand over or leave within bounds, and waits until its last frames have left the process. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { outside } from '@understudy/context';
import type { Logger, ReplicaId } from '@understudy/core';
import { LAST_FRAMES_MS } from '../links/peer-link.js';
import type { Life } from '../lives/life.js';
import type { Promised } from './promised.js';

/** How long a hand-over may take before the replica stops without it. */
const STOP_MS = 3000;

export interface HandOverOptions {
  /** How long the last replica in sync waits for others that are catching up. */
  readonly learnersMs: number;
  /** Replicas that are known to run. */
  readonly present: readonly ReplicaId[];
  readonly logger: Logger;
}

/**
 * Has a life hand over within bounds; a backup's life leaves instead.
 *
 * @param stopped settled when the life has handed over or left
 * @returns the replica that the life handed over to, if any
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
    logger.log('warn', 'the replica stops although its hand-over did not finish', { afterMs: STOP_MS, recordChange });
    stopped.resolve(undefined);
  }, STOP_MS);
  life.stepDown(learnersMs, present);
  try {
    return await stopped.promise;
  } finally {
    clearInterval(tooLate);
  }
}

/**
 * Resolves when the last frames have left, including those that name the next primary, or after a bounded time. A
 * program may call `process.exit` as soon as its replica has stopped, which drops whatever is not yet with the system.
 */
export const haveLeft = (frames: Promise<void>): Promise<void> =>
  outside(async () => {
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => {
      late = setTimeout(resolve, LAST_FRAMES_MS);
    });
    await Promise.race([frames, tooLate]);
    clearTimeout(late);
    // Answers to calls are no frames. An HTTP/2 session gives its socket at the end of a turn what was written in it.
    await nextTurn();
    await nextTurn();
  });
