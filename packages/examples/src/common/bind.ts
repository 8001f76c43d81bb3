import * as grpc from '@grpc/grpc-js';

/**
 * Binds a server without TLS.
 *
 * @param address `host:port`; port 0 takes a free one
 * @returns `host:port` where the server listens
 */
export const bind = (server: grpc.Server, address: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(`${address.slice(0, address.lastIndexOf(':'))}:${port}`);
      else reject(error);
    });
  });
