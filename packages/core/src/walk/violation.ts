/** A rule of the design did not hold in a walk. */
export class WalkViolation extends Error {
  override readonly name = 'WalkViolation';
}

export function demand(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new WalkViolation(message());
}
