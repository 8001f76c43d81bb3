import { createServer, type Server, type Socket } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import type { Incarnation, ReplicaId } from '@understudy/core';
import { afterEach, expect, it } from 'vitest';
import { PeerTrust } from '../identity/peer-trust.js';
import { PeerLink } from './peer-link.js';

const FIRST_MS = 40;
let server: Server;
let link: PeerLink;
const sockets: Socket[] = [];
afterEach(() => {
  link.crash();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

/** A peer that is suspended: its system takes connections, and nothing is ever answered. Returns when each came. */
async function suspendedPeer(): Promise<{ port: number; connected: (count: number) => Promise<number[]> }> {
  const cameMs: number[] = [];
  let look = (): void => {};
  server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    cameMs.push(performance.now());
    look();
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
  const connected = (count: number): Promise<number[]> =>
    new Promise((resolve) => {
      look = () => cameMs.length >= count && resolve(cameMs);
      look();
    });
  return { port, connected };
}

it('a peer that is suspended is dialled ever more seldom, and at once when it is known to run', async () => {
  const peer = await suspendedPeer();
  const member = { id: 'r1' as ReplicaId, incarnation: 'a'.repeat(32) as Incarnation };
  link = new PeerLink({
    ...{ id: 'r2' as ReplicaId, address: `127.0.0.1:${peer.port}`, credentials: credentials.createInsecure() },
    hello: { group: 'g', member, address: '127.0.0.1:1' },
    trust: new PeerTrust({ secret: undefined, certificates: false }),
    ...{ logger: { log: () => {} }, onUp: () => {}, onDown: () => {}, onMismatch: () => {} },
    connectWithin: { firstMs: FIRST_MS, maxMs: 60_000 },
  });
  const came = await peer.connected(5);
  const gap = (came[4] ?? 0) - (came[3] ?? 0);
  // Each attempt is given twice the time of the one before, less at most a fifth.
  expect(gap).toBeGreaterThan(0.75 * 8 * FIRST_MS);
  link.dialNow();
  await peer.connected(6);
});
