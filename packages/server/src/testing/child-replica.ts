import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { CoordinatorFactory } from '@understudy/core';
import { createReplica } from '../index.js';
import { Counter, counterService } from './counter.js';

/**
 * One replica of the counter as a process of its own. Its arguments are its name, the directory of the group's record,
 * and the module that has `embeddedCoordinator`, since this package depends on no coordinator.
 */

const [replicaId = '', directory = '', coordinators = ''] = process.argv.slice(2);
const { embeddedCoordinator } = require(coordinators) as {
  embeddedCoordinator: (directory: string) => CoordinatorFactory;
};
const counter = new Counter();
const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state: counter,
  serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters' } }] },
});
const server = new Server({ interceptors: replica.interceptors() });
replica.attach(server);
server.addService(counterService, counter.handlers);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (error, port) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${port}` });
  process.send?.({ port });
});
// The parent is gone, so nobody is left to end this process.
process.on('disconnect', () => process.exit(1));
