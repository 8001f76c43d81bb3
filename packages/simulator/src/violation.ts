/** A promise of the design did not hold in a run. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function demand(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Violation(message());
}

/** The reason of a violation: the words of a check, or the error that a process threw, with its place. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof Violation ? error.message : (error.stack ?? `${error.name}: ${error.message}`);
}
