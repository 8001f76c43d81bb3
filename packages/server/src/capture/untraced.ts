/** Keeps our own handlers free of the wrappers that instrumentation puts around every handler of a server. */
import type { Server } from '@grpc/grpc-js';
import { unwrapped } from '@understudy/grpc-common';

interface Entry {
  func: unknown;
}

/**
 * Restores handlers that instrumentation wrapped when they were registered. A link lasts as long as its replica, so as
 * a span it would never end.
 */
export function unwrapHandlers(server: Server, paths: Iterable<string>): void {
  // grpc-js has no public way to a server's handlers. If a later version keeps them elsewhere, they stay as they are.
  const { handlers } = server as unknown as { readonly handlers?: unknown };
  if (!(handlers instanceof Map)) return;
  for (const path of paths) {
    const entry = (handlers as Map<string, Entry>).get(path);
    if (entry !== undefined) entry.func = unwrapped(entry.func);
  }
}
