/** Assertions of the protocol's invariants, which stay on in production. */

/**
 * An invariant of the protocol does not hold: this library has a defect, or its memory was tampered with. The replica
 * must stop.
 */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/**
 * Asserts an invariant. A replica that violates one must stop rather than go on with a state nobody reasoned about.
 *
 * @param message called only when the assertion fails, so it may name numbers at no cost
 */
export function assert(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new InvariantViolation(message());
}

/** Marks a case that cannot occur. The compiler refuses it while `value` still has an unhandled kind. */
export function unreachable(value: never, what: string): never {
  throw new InvariantViolation(`${what}: unexpected ${JSON.stringify(value)}`);
}
