import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Ports from here need no special rights, and ports below `BELOW` are not used for outgoing connections (from 32,768 on
 * Linux), which could take a port before the caller does.
 */
const FROM = 10_000;
const BELOW = 32_000;
const TRIES = 100;

/** Finds loopback ports on which nobody listens. Holds all of them at once, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const held: { readonly server: Server; readonly port: number }[] = [];
  for (let tried = 0; held.length < count; tried++) {
    if (tried === count + TRIES)
      throw new Error(`${TRIES} ports of loopback from ${FROM} to ${BELOW} are taken: end some of the servers on them`);
    const port = randomInt(FROM, BELOW);
    const server = await listen(port);
    if (server !== undefined) held.push({ server, port });
  }
  await Promise.all(held.map(({ server }) => once(server.close(), 'close')));
  return held.map(({ port }) => port);
}

/** Loopback addresses with free ports. */
export const freeAddresses = async (count: number): Promise<string[]> =>
  (await freePorts(count)).map((port) => `127.0.0.1:${port}`);

/** Listens on a port; undefined if another process does. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
