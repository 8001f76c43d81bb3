import { Worker } from 'node:worker_threads';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { CoordinatorFactory, Logger } from '@understudy/core';
import { createReplica, type ReplicaServerOptions } from '../../index.js';
import { Counter, counterService } from '../../testing/counter.js';
import { type Busy, busyService } from './busy.js';

/**
 * One replica of the counter as a process of its own, with methods that block its event loop. Its arguments are its
 * name, the directory of the group's record, the module that has `embeddedCoordinator`, since this package depends on no
 * coordinator, its settings and its options as JSON, where it listens, and how large its heap is.
 */

const [replicaId = '', directory = '', coordinators = '', settings = '{}', options = '{}', ...more] =
  process.argv.slice(2);
const [listen = '127.0.0.1', heapMb = '0'] = more;
const { embeddedCoordinator } = require(coordinators) as {
  embeddedCoordinator: (directory: string) => CoordinatorFactory;
};
const logger: Logger = {
  log: (level, event, fields) => {
    if (level !== 'debug' || /main link/.test(event)) process.send?.({ logged: { level, event, ...fields } });
  },
};

interface Link {
  readonly next: Link | undefined;
}

const BYTES_PER_MB = 1024 ** 2;
const LINKS_AT_A_TIME = 100_000;

/** Objects that lead to each other, one after the other: a collection can follow them with one thread only. */
function filled(toMb: number): Link | undefined {
  let last: Link | undefined;
  while (process.memoryUsage().heapUsed < toMb * BYTES_PER_MB) {
    for (let i = 0; i < LINKS_AT_A_TIME; i++) last = { next: last };
  }
  return last;
}

const kept = filled(Number(heapMb));
const isBlocked = (only: string | undefined): boolean => only === undefined || only === replicaId;
const sinceMs = (began: bigint): number => Number(process.hrtime.bigint() - began) / 1e6;

/** @returns how long each collection took */
function collect(ms: number): number[] {
  if (globalThis.gc === undefined) throw new Error('the process lacks --expose-gc');
  const took: number[] = [];
  for (const began = process.hrtime.bigint(); sinceMs(began) < ms; ) {
    const one = process.hrtime.bigint();
    globalThis.gc();
    took.push(Math.round(sinceMs(one)));
  }
  return took;
}

/** The thread that exchanges heartbeats, which a test may end. */
let thread: Worker | undefined;
(require('node:worker_threads') as { Worker: typeof Worker }).Worker = class extends Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    thread = this;
  }
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
    const began = process.hrtime.bigint();
    if (isBlocked(only)) while (sinceMs(began) < ms);
    callback(null, ms);
  },
  Collect: ({ request: { ms, only } }: ServerUnaryCall<Busy, number>, callback: sendUnaryData<number>) => {
    if (isBlocked(only)) process.send?.({ collected: collect(ms), kept: kept !== undefined });
    callback(null, ms);
  },
});
server.bindAsync(`${listen}:0`, ServerCredentials.createInsecure(), async (error, bound) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${bound}` });
  process.send?.({ port: bound });
});
process.on('message', (asked) => {
  if (asked === 'end thread') void thread?.terminate();
  if (asked !== 'status') return;
  const { role, term, epoch, inSync, processedUpTo, digest } = replica.status;
  process.send?.({ status: { role, term, epoch, inSync: inSync.length, processedUpTo, digest } });
});
// The parent is gone, so nobody else would end this process.
process.on('disconnect', () => process.exit(1));
