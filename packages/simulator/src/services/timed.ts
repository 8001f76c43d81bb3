import type { DueTimer, Timer } from '@understudy/core/internal';
import { bytesOf, hashText } from '@understudy/core/testing';

/** How the handler of an operation puts something off. All replicas read the same. */
export interface Timing {
  readonly kind: 'raw' | 'after';
  readonly delayMs: number;
}

const DELAYS_MS = [1, 20, 100, 400] as const;

/** @returns undefined for a handler that arms no timer */
export function timingOf(name: string, share: number): Timing | undefined {
  const drawn = Math.imul(hashText(`${name} later`), 0x9e3779b1) >>> 8;
  if (drawn % 20 >= share * 20) return undefined;
  const delayMs = DELAYS_MS[Math.floor(drawn / 20) % DELAYS_MS.length] ?? 1;
  return { kind: Math.floor(drawn / 100) % 2 === 0 ? 'raw' : 'after', delayMs };
}

/** The trace of a timer in the history, once it was processed. */
export const firedText = (name: string): string => `~${name}`;

type Armed = Pick<Timer, 'id' | 'dueMs' | 'delayMs'>;

export const timerFor = (name: string, { kind }: Timing, armed: Armed): Timer =>
  kind === 'raw'
    ? { kind, repeats: false, ...armed }
    : { kind, name: 'later', payload: bytesOf(`${name} null`), ...armed };

/** A timer by the place where it was armed. */
export const timerKey = (timer: DueTimer): string =>
  timer.kind === 'every' ? timer.name : `${timer.id.orderNum}.${timer.id.index}`;
