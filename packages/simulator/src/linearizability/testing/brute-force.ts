/** A slow checker by which tests judge the real one. */
import { isDeepStrictEqual } from 'node:util';
import type { Operation } from '../model.js';

/**
 * Checks linearizability by its definition, for histories of a few operations: tries every order of every subset that
 * has all answered operations. It shares no code with the checker.
 *
 * @param through operations answered later than this may be left out, as if their answers had not arrived yet
 */
export function bruteForce<Input, Output>(
  start: () => (input: Input) => Output,
  history: readonly Operation<Input, Output>[],
  through = Number.MAX_VALUE,
): boolean {
  const required = history.filter(({ completedAt }) => completedAt <= through);
  for (const order of orders(history)) {
    if (isExplanation(start, order, required)) return true;
  }
  return false;
}

/** Tells whether an order has all required operations, respects real time, and gives the answers of the history. */
export function isExplanation<Input, Output>(
  start: () => (input: Input) => Output,
  order: readonly Operation<Input, Output>[],
  required: readonly Operation<Input, Output>[],
): boolean {
  if (!required.every((operation) => order.includes(operation))) return false;
  const isBackwards = order.some((earlier, at) =>
    order.slice(at + 1).some((later) => later.completedAt < earlier.invokedAt),
  );
  if (isBackwards) return false;
  const call = start();
  return order.every(({ input, output }) => {
    const actual = call(input);
    return output === undefined || isDeepStrictEqual(actual, output);
  });
}

/** Yields all orders of all subsets. */
function* orders<T>(items: readonly T[]): Generator<readonly T[]> {
  yield [];
  for (const [at, item] of items.entries()) {
    for (const rest of orders(items.toSpliced(at, 1))) yield [item, ...rest];
  }
}
