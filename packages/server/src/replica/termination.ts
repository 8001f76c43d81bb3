/** Ends the process on SIGTERM without failing calls. */
import type { Server } from '@grpc/grpc-js';

/** How long calls and streams of unreplicated services may hold up the end of the process. */
const SHUTDOWN_MS = 2000;

/**
 * On SIGTERM, hands over, lets the server finish its calls, and exits with 0.
 *
 * @returns a function that leaves SIGTERM to others again
 */
export function onTermination(handOver: () => Promise<unknown>, server: () => Server | undefined): () => void {
  const onSignal = (): void => {
    void handOver()
      .catch(() => {})
      .then(() => shutDown(server()))
      .then(() => process.exit(0));
  };
  process.once('SIGTERM', onSignal);
  return () => process.removeListener('SIGTERM', onSignal);
}

function shutDown(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) return resolve();
    setTimeout(resolve, SHUTDOWN_MS).unref();
    server.tryShutdown(() => resolve());
  });
}
