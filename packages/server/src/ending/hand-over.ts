import { setImmediate as nextTurn } from 'node:timers/promises';
import { outside } from '@understudy/context';
import type { Logger, ReplicaId } from '@understudy/core';
import { LAST_FRAMES_MS } from '../links/peer-link.js';
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

/**
 * Resolves when the last frames have left, among them those that say who follows, or after a bounded time. A program may
 * call `process.exit` as soon as its replica has stopped, which drops whatever the system was not given yet.
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
