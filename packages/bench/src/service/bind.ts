import * as grpc from '@grpc/grpc-js';

/** Resolves to the port that was bound. */
export const bind = (server: grpc.Server, address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
