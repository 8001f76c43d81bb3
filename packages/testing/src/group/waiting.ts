/** Waits until something holds, with a bound, and with a sentence in case it does not come. */
import { setTimeout as sleep } from 'node:timers/promises';
import { realOf } from '@understudy/context';
import { UnderstudyError } from '@understudy/core';

const LOOK_EVERY_MS = 3;
// Tests may replace the clock later, but these waits are for real sockets.
const realNow = realOf(performance.now).bind(performance);

/**
 * Resolves once `holds` does.
 *
 * @param lacks what is missing, in a sentence
 * @throws UNDERSTUDY_BLOCKED after `withinMs`, with that sentence
 */
export async function until(holds: () => boolean, withinMs: number, lacks: () => string): Promise<void> {
  const endMs = realNow() + withinMs;
  while (!holds()) {
    if (realNow() > endMs) throw new UnderstudyError('UNDERSTUDY_BLOCKED', `after ${withinMs} ms ${lacks()}`);
    await sleep(LOOK_EVERY_MS);
  }
}
