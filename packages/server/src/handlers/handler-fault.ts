/** What a handler threw, its promise rejected with, or an interceptor threw; for a log, since no client is told. */
export interface HandlerFault {
  readonly kind: 'threw' | 'rejected' | 'interceptor';
  readonly path: string;
  readonly error: unknown;
}

/** Waits for what an async handler returned; grpc-js would leave its rejection to the process. */
export function onRejection(returned: unknown, rejected: (error: unknown) => void): void {
  if (isThenable(returned)) returned.then(undefined, rejected);
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
