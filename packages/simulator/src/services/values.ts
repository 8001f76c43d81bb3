/** The time and the randomness that handlers ask for. */
import type { OrderInfo } from '@understudy/core/internal';
import { hashText } from '@understudy/core/testing';

/** A handler's own stream of randomness, from the order that started it (DESIGN 5.10). */
export class Randomness {
  readonly #key: string;
  #drawn = 0;

  /** @param began the order that started the handler */
  constructor({ term, orderNum }: Pick<OrderInfo, 'term' | 'orderNum'>) {
    this.#key = `${term} ${orderNum}`;
  }

  next(): number {
    return hashText(`${this.#key} ${this.#drawn++}`);
  }
}

/** Whether the handler of an operation asks for values. All replicas read the same. */
export const asksForValues = (name: string, share: number): boolean =>
  (Math.imul(hashText(`${name} values`), 0x9e3779b1) >>> 8) % 20 < share * 20;

/** The values as they enter the history, in front of the operation whose handler asked. */
export const valuesText = (name: string, timeMs: number, random: number): string =>
  `${name}@${timeMs}/${random.toString(36)}`;
