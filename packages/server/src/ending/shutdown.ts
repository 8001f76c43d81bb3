import type { Server } from '@grpc/grpc-js';

/** The parts of a replica that shutting down its server concerns. */
export interface ShutDown {
  /** Hands over. */
  readonly stop: () => Promise<unknown>;
  /** Whether nothing is left to hand over. */
  readonly isOver: () => boolean;
  /** The server is gone. */
  readonly lost: () => void;
}

/**
 * Makes shutting the server down stop the replica first. A program need not know of the replica, but the server would
 * wait for the replica's links. Frameworks that shut a server down by force when the process is to end do so first of all,
 * and the group gets its hand-over all the same; a second `forceShutdown` ends the server at once.
 *
 * @returns ends the server and the replica at once, as the death of the process would
 */
export function followShutdown(server: Server, { stop, isOver, lost }: ShutDown): () => void {
  const { tryShutdown, forceShutdown } = server;
  server.tryShutdown = (callback) => {
    const shutDown = (): void => tryShutdown.call(server, callback);
    stop().then(shutDown, shutDown);
  };
  const shutDownNow = (): void => {
    forceShutdown.call(server);
    lost();
  };
  let isTold = false;
  server.forceShutdown = () => {
    if (isTold || isOver()) return shutDownNow();
    isTold = true;
    stop().then(shutDownNow, shutDownNow);
  };
  return shutDownNow;
}
