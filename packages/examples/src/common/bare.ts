/** Serves a service without replication, for comparisons and tests. */
import * as grpc from '@grpc/grpc-js';
import { bind } from './bind.js';

/** A server without replication that listens. */
export interface BareServer {
  /** `host:port` where the server listens. */
  readonly address: string;
  stop(): void;
}

/** @param address `host:port`; port 0 takes a free one */
export async function startBare(address: string, addTo: (server: grpc.Server) => void): Promise<BareServer> {
  const server = new grpc.Server();
  addTo(server);
  return { address: await bind(server, address), stop: () => server.forceShutdown() };
}
