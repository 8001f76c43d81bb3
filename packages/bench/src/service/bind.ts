import * as grpc from '@grpc/grpc-js';

/** Binds a server to an address without TLS. Resolves to the port. */
export const bind = (server: grpc.Server, address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
