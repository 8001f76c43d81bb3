/** A promise of the design did not hold in a run. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function demand(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Violation(message());
}

/** Why a run is violated: what a check says, or what a process threw and where. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof Violation ? error.message : (error.stack ?? `${error.name}: ${error.message}`);
}
