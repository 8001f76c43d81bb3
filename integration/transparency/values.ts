/** A handler that answers with the time and the random values that it sees. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** What one request drew, several times each. */
export interface Drawn {
  readonly now: readonly number[];
  /** `new Date()`, and `Date()` parsed. */
  readonly dates: readonly number[];
  readonly dateTexts: readonly number[];
  /** `performance.timeOrigin + performance.now()`. */
  readonly performance: readonly number[];
  readonly random: readonly number[];
  /** By `crypto` and `node:crypto` in turn. */
  readonly uuids: readonly string[];
  /** Hexadecimal: by `getRandomValues` and `randomBytes` in turn. */
  readonly bytes: readonly string[];
  /** From 1 to 6. */
  readonly dice: readonly number[];
}

const BYTES = 16;

export function draw(count: number): Drawn {
  const many = <T>(one: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i));
  return {
    now: many(() => Date.now()),
    dates: many(() => Date.parse(new Date().toISOString())),
    dateTexts: many(() => Date.parse(Date())),
    performance: many(() => performance.timeOrigin + performance.now()),
    random: many(() => Math.random()),
    uuids: many((i) => (i % 2 === 0 ? crypto.randomUUID() : randomUUID())),
    bytes: many((i) => {
      const bytes = i % 2 === 0 ? crypto.getRandomValues(Buffer.alloc(BYTES)) : randomBytes(BYTES);
      return bytes.toString('hex');
    }),
    dice: many(() => randomInt(1, 7)),
  };
}
