/** The async context outside of all calls, and outside of all traces. */
import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs code outside of the async context of whoever happens to cause it, as if the process itself did: what a message
 * sets off belongs to no caller's context, and least of all to that of the caller who opened the connection.
 */
export const outside: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();

/** Where OpenTelemetry's API, of whichever copy, keeps what is registered with it. */
const API = Symbol.for('opentelemetry.js.api.1');
/** The key by which OpenTelemetry's SDKs are told to record nothing. */
const SUPPRESSED = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

interface TraceContext {
  setValue(key: symbol, value: unknown): TraceContext;
}

interface ContextManager {
  active(): TraceContext;
  with<T>(context: TraceContext, run: () => T): T;
}

/** Runs code outside of all calls, and keeps instrumentation of OpenTelemetry from recording what it does. */
export function untraced<T>(run: () => T): T {
  return outside(() => {
    const { [API]: api } = globalThis as { [API]?: { readonly context?: ContextManager } };
    const manager = api?.context;
    return manager === undefined ? run() : manager.with(manager.active().setValue(SUPPRESSED, true), run);
  });
}
