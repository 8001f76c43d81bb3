import type {
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { CoordinatorFactory, Logger } from '@understudy/core';
import { createReplica } from '../index.js';
import { Counter, counterService } from './counter.js';
import { type Deadly, die, mortalService } from './mortal.js';

/**
 * One replica of the counter as a process of its own, with methods that harm the process. Its arguments are its name,
 * the directory of the group's record, the module that has `embeddedCoordinator`, since this package depends on no
 * coordinator, its settings as JSON, and what becomes of errors that nobody catches.
 */

const [replicaId = '', directory = '', coordinators = '', settings = '{}', uncaught = 'contain', port = '0'] =
  process.argv.slice(2);
const { embeddedCoordinator } = require(coordinators) as {
  embeddedCoordinator: (directory: string) => CoordinatorFactory;
};
const logger: Logger = {
  log: (level, event, fields) => {
    if (level === 'warn' || level === 'error') process.send?.({ logged: { event, ...fields } });
  },
};
const dieIfAsked = ({ how }: Deadly): void => {
  if (how !== undefined) die(how);
};

const counter = new Counter();
const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state: counter,
  logger,
  uncaught: uncaught as 'contain' | 'exit',
  serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters', ...JSON.parse(settings) } }] },
});
const server = new Server({ interceptors: replica.interceptors() });
replica.attach(server);
server.addService(counterService, counter.handlers);
server.addService(mortalService, {
  Die: ({ request: { how, only } }: ServerUnaryCall<Deadly, number>, callback: sendUnaryData<number>) => {
    if (how !== undefined && (only === undefined || only === replicaId)) die(how);
    else callback(null, 1);
  },
  DieInStream: (call: ServerWritableStream<Deadly, number>) => {
    call.write(1);
    dieIfAsked(call.request);
  },
  DieOnMessage: (call: ServerReadableStream<Deadly, number>, callback: sendUnaryData<number>) => {
    call.on('data', dieIfAsked);
    call.on('end', () => callback(null, 1));
  },
  DieInDialogue: (call: ServerDuplexStream<Deadly, number>) => {
    call.on('data', (request: Deadly) => {
      dieIfAsked(request);
      call.write(1);
    });
    call.on('end', () => call.end());
  },
});
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), async (error, bound) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${bound}` });
  process.send?.({ port: bound });
});
process.on('message', (asked) => {
  if (asked !== 'status') return;
  const { role, epoch, inSync, strayErrors, processedUpTo, digest, poisoned } = replica.status;
  process.send?.({
    status: { role, epoch, inSync: inSync.length, strayErrors, processedUpTo, digest, ids: counter.ids, poisoned },
  });
});
// The parent is gone, so nobody else would end this process.
process.on('disconnect', () => process.exit(1));
