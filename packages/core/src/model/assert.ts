/** An invariant of the protocol does not hold: a defect of this library, or memory that was tampered with. Fail-stop. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/**
 * Asserts an invariant; stays on in production. A replica that violates one must stop rather than go on with a state
 * nobody reasoned about.
 *
 * @param message evaluated only when the assertion fails, so that it may name the numbers at no cost
 */
export function assert(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new InvariantViolation(message());
}

export function unreachable(value: never, what: string): never {
  throw new InvariantViolation(`${what}: unexpected ${JSON.stringify(value)}`);
}
