/** The timers that handlers arm, as operations describe them. */
import type { NestedId, Timer } from '@understudy/core/internal';
import { bytesOf, hashText } from '@understudy/core/testing';

/** How the handler of an operation puts something off. All replicas read the same. */
export interface Timing {
  /** `interval`: a function that comes again and again, until it has run `times` times and clears itself. */
  readonly kind: 'raw' | 'after' | 'interval';
  readonly delayMs: number;
  readonly times: number;
}

const DELAYS_MS = [1, 20, 100, 400] as const;
const INTERVALS_MS = [20, 100, 400] as const;

/** @returns undefined for a handler that arms no timer */
export function timingOf(name: string, share: number, withAgenda: boolean): Timing | undefined {
  const drawn = Math.imul(hashText(`${name} later`), 0x9e3779b1) >>> 8;
  if (drawn % 20 >= share * 20) return undefined;
  if (withAgenda && Math.floor(drawn / 1000) % 3 === 0) {
    const delayMs = INTERVALS_MS[Math.floor(drawn / 20) % INTERVALS_MS.length] ?? 20;
    return { kind: 'interval', delayMs, times: 1 + (Math.floor(drawn / 100) % 4) };
  }
  const delayMs = DELAYS_MS[Math.floor(drawn / 20) % DELAYS_MS.length] ?? 1;
  return { kind: Math.floor(drawn / 100) % 2 === 0 ? 'raw' : 'after', delayMs, times: 1 };
}

/** Whether the handler of an operation clears the timer that was armed last. */
export const cancelsTimer = (name: string): boolean =>
  (Math.imul(hashText(`${name} clears`), 0x9e3779b1) >>> 8) % 4 === 0;

/** The trace of a timer in the history, once it was processed. */
export const firedText = (name: string): string => `~${name}`;

/** Whether the handler of a timer may arm another one: chains of them end, and so must runs. */
export const mayArmAgain = (fired: string): boolean => !fired.startsWith('~~~') && !fired.startsWith('~every-');

type Armed = Pick<Timer, 'id' | 'dueMs' | 'delayMs'>;

export const timerFor = (name: string, { kind }: Timing, armed: Armed): Timer =>
  kind === 'after'
    ? { kind, name: 'later', payload: bytesOf(`${name} null`), ...armed }
    : { kind: 'raw', repeats: kind === 'interval', ...armed };

/** A timer by the place where it was armed. */
export const placeKey = ({ orderNum, index }: NestedId): string => `${orderNum}.${index}`;

/** The period of one of these. */
export const periodOf = (name: string): number => Number(name.slice('every-'.length));

/** The timers that come again and again because the service has them, by name. */
export const everyOf = (periodsMs: readonly number[]): ReadonlyMap<string, number> =>
  new Map(periodsMs.map((ms) => [`every-${ms}`, ms]));
