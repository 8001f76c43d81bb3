import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Above those that need rights, and below those that systems take for outgoing connections (32,768 on Linux): one of these
 * could be in the place before whoever asked.
 */
const FROM = 10_000;
const BELOW = 32_000;
const TRIES = 100;

/** Ports of loopback where nobody listens; all are taken at once, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const held: { readonly server: Server; readonly port: number }[] = [];
  for (let tried = 0; held.length < count; tried++) {
    if (tried === count + TRIES) throw new Error(`${TRIES} ports of loopback from ${FROM} to ${BELOW} are taken`);
    const port = randomInt(FROM, BELOW);
    const server = await listen(port);
    if (server !== undefined) held.push({ server, port });
  }
  await Promise.all(held.map(({ server }) => once(server.close(), 'close')));
  return held.map(({ port }) => port);
}

/** Addresses of loopback with such ports. */
export const freeAddresses = async (count: number): Promise<string[]> =>
  (await freePorts(count)).map((port) => `127.0.0.1:${port}`);

/** Undefined: somebody else does. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
