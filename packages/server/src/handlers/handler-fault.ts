/** Mistakes of handlers and interceptors. They end a call, not the process. */
import { isError } from '@understudy/grpc-common';

/**
 * An error that a handler or an interceptor threw, or with which a handler's promise was rejected. Only a log shows it;
 * no client is told.
 */
export interface HandlerFault {
  readonly kind: 'threw' | 'rejected' | 'interceptor';
  readonly path: string;
  readonly error: unknown;
}

/** The thrown value as text for a log: the stack if it has one. JavaScript lets code throw any value. */
export function textOfError(error: unknown): string {
  try {
    return isError(error) ? (error.stack ?? error.message) : String(error);
  } catch {
    return 'something that has no text';
  }
}

/** Watches the promise of an async handler, whose rejection grpc-js would leave to the process. */
export function onRejection(returned: unknown, rejected: (error: unknown) => void): void {
  if (isThenable(returned)) returned.then(undefined, rejected);
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
