import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { CoordinatorFactory, Logger } from '@understudy/core';
import { createReplica, type ReplicaServerOptions } from '../index.js';
import { type Busy, busyService } from './busy.js';
import { Counter, counterService } from './counter.js';

/**
 * One replica of the counter as a process of its own, with a method that blocks its event loop. Its arguments are its
 * name, the directory of the group's record, the module that has `embeddedCoordinator`, since this package depends on no
 * coordinator, its settings and its options as JSON.
 */

const [replicaId = '', directory = '', coordinators = '', settings = '{}', options = '{}'] = process.argv.slice(2);
const { embeddedCoordinator } = require(coordinators) as {
  embeddedCoordinator: (directory: string) => CoordinatorFactory;
};
const logger: Logger = {
  log: (level, event, fields) => {
    if (level !== 'debug') process.send?.({ logged: { event, ...fields } });
  },
};
const counter = new Counter();
const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state: counter,
  logger,
  serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters', ...JSON.parse(settings) } }] },
  ...(JSON.parse(options) as Partial<ReplicaServerOptions>),
});
const server = new Server({ interceptors: replica.interceptors() });
replica.attach(server);
server.addService(counterService, counter.handlers);
server.addService(busyService, {
  Block: ({ request: { ms, only } }: ServerUnaryCall<Busy, number>, callback: sendUnaryData<number>) => {
    const until = process.hrtime.bigint() + BigInt(ms) * 1_000_000n;
    if (only === undefined || only === replicaId) while (process.hrtime.bigint() < until);
    callback(null, ms);
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (error, bound) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${bound}` });
  process.send?.({ port: bound });
});
process.on('message', (asked) => {
  if (asked !== 'status') return;
  const { role, term, epoch, inSync, processedUpTo, digest } = replica.status;
  process.send?.({ status: { role, term, epoch, inSync: inSync.length, processedUpTo, digest } });
});
// The parent is gone, so nobody else would end this process.
process.on('disconnect', () => process.exit(1));
