import * as grpc from '@grpc/grpc-js';
import { bind } from './bind.js';

export interface BareServer {
  /** `host:port` that it listens on. */
  readonly address: string;
  stop(): void;
}

/** Serves something that nothing stands in for. `address` is `host:port`; port 0 takes a free one. */
export async function startBare(address: string, addTo: (server: grpc.Server) => void): Promise<BareServer> {
  const server = new grpc.Server();
  addTo(server);
  return { address: await bind(server, address), stop: () => server.forceShutdown() };
}
