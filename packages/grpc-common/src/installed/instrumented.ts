/** Functions that instrumentation has wrapped. */

/** Instrumentation wraps a function and keeps the original here, as the package `shimmer` does. */
interface Wrapped {
  readonly __original?: unknown;
}

/** The function itself, if instrumentation has wrapped it: a link lasts for long, and must not be a span that never ends. */
export function unwrapped<T>(given: T): T {
  let inner: unknown = given;
  while (typeof inner === 'function' && typeof (inner as Wrapped).__original === 'function') {
    inner = (inner as Wrapped).__original;
  }
  return inner as T;
}
