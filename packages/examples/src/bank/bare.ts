import * as grpc from '@grpc/grpc-js';
import { Bank } from './bank.js';
import { BankService } from './proto.js';
import { handlers } from './service.js';

export interface BareServer {
  /** `host:port` that it listens on. */
  readonly address: string;
  stop(): void;
}

/** Serves one bank that dies with its process. `address` is `host:port`; port 0 takes a free one. */
export async function startBareServer(address: string, bank = new Bank()): Promise<BareServer> {
  const server = new grpc.Server();
  server.addService(BankService, handlers(bank));
  const port = await bind(server, address);
  return { address: `${address.slice(0, address.lastIndexOf(':'))}:${port}`, stop: () => server.forceShutdown() };
}

/** Resolves to the port that was bound. */
export const bind = (server: grpc.Server, address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });

/** What a server's process tells the one that started it. */
export interface Listening {
  readonly kind: 'listening';
  readonly address: string;
}
