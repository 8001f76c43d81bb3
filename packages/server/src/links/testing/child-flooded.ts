import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { CoordinatorFactory } from '@understudy/core';
import { createReplica } from '../../index.js';
import { floodedService } from './flooded-service.js';

/**
 * A group of one replica as a process of its own, which says how much memory it has. Its arguments are the directory of
 * the group's record, the module that has `embeddedCoordinator`, since this package depends on no coordinator, and the
 * group's budgets as JSON.
 */

const LOOK_EVERY_MS = 20;
/** Random enough that nobody can compress it. */
const BIG = Buffer.alloc(256 * 1024, 'a large reply');

const [directory = '', coordinators = '', budgets = '{}'] = process.argv.slice(2);
const { embeddedCoordinator } = require(coordinators) as {
  embeddedCoordinator: (directory: string) => CoordinatorFactory;
};
const replica = createReplica({
  replicaId: 'r1',
  coordinator: embeddedCoordinator(directory),
  state: { checkpoint: () => new Uint8Array(1), restore: () => {} },
  serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters', budgets: JSON.parse(budgets) } }] },
  logger: 'none',
});
const server = new Server({ interceptors: replica.interceptors() });
replica.attach(server);
server.addService(floodedService, {
  Big: (_call: unknown, callback: (error: null, reply: Buffer) => void) => callback(null, Buffer.from(BIG)),
  Take: (_call: unknown, callback: (error: null, reply: Buffer) => void) => callback(null, Buffer.alloc(1)),
});
let mostBytes = 0;
setInterval(() => {
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
}, LOOK_EVERY_MS);
process.on('message', () => {
  process.send?.({ mostBytes, nowBytes: process.memoryUsage.rss() });
  mostBytes = 0;
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (error, port) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${port}` });
  process.send?.({ port });
});
// The parent is gone, so nobody else would end this process.
process.on('disconnect', () => process.exit(1));
