import { setTimeout as delay } from 'node:timers/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { CoordinatorFactory } from '@understudy/core';
import { createReplica } from '../index.js';
import { Counter, counterService } from './counter.js';

/**
 * One replica of the counter as a process of its own. Its arguments are its name, the directory of the group's record,
 * the module that has `embeddedCoordinator`, since this package depends on no coordinator, and how its program behaves.
 */

/** The behaviour of the program around the replica. */
export interface ChildProgram {
  /** A listener for signals takes this long, in milliseconds, and then says that it has flushed. */
  readonly flushMs?: number;
  /** A framework shuts the server down by force at a signal. */
  readonly forces?: boolean;
  /** How long its state takes to copy, in milliseconds. */
  readonly copyMs?: number;
  /** How long copying or restoring the state blocks its process, in milliseconds. */
  readonly blockMs?: number;
  /** Settings of the group besides its name. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly development?: boolean;
  /** The version of its code. Default: this package's. */
  readonly version?: string;
  /** Where it listens on loopback. Default: any port. */
  readonly port?: number;
}

const [replicaId = '', directory = '', coordinators = '', how = '{}'] = process.argv.slice(2);
const program = JSON.parse(how) as ChildProgram;
const { flushMs, forces = false, copyMs = 0, blockMs = 0, development = false, port: fixed = 0, settings } = program;
const { version } = program;
const { embeddedCoordinator } = require(coordinators) as {
  embeddedCoordinator: (directory: string) => CoordinatorFactory;
};
const counter = new Counter();
/** Keeps the process from everything else without taking the processor from others. */
const block = (): void => {
  if (blockMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
};
const state = {
  async checkpoint(): Promise<Uint8Array> {
    if (copyMs > 0) await delay(copyMs);
    block();
    return counter.checkpoint();
  },
  restore(bytes: Uint8Array): void {
    block();
    counter.restore(bytes);
  },
};
const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state,
  development,
  ...(version !== undefined && { version }),
  serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters', ...settings } }] },
});
const server = new Server({ interceptors: replica.interceptors() });
replica.attach(server);
server.addService(counterService, counter.handlers);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  if (forces) process.once(signal, () => server.forceShutdown());
  if (flushMs !== undefined) {
    process.once(signal, async () => {
      await delay(flushMs);
      process.send?.({ flushed: true });
      // The channel to the parent would keep this process alive.
      process.disconnect();
    });
  }
}
server.bindAsync(`127.0.0.1:${fixed}`, ServerCredentials.createInsecure(), async (error, port) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${port}` });
  process.send?.({ port });
});
// The parent is gone, so nobody else would end this process.
if (flushMs === undefined) process.on('disconnect', () => process.exit(1));
