import { once } from 'node:events';
import { createServer } from 'node:net';

/** Addresses on this machine where nobody listens; all are taken at once, so that they differ. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const addresses = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('A listening socket has no port.');
    return `127.0.0.1:${address.port}`;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return addresses;
}
