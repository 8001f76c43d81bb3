/** A promise of the design did not hold in a run. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function demand(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Violation(message());
}
