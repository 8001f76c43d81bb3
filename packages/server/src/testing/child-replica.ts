import { setTimeout as delay } from 'node:timers/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ChunkedStateSource, CoordinatorFactory, StateSource } from '@understudy/core';
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
  /** Its state is so many MiB larger than the counter. */
  readonly largeMib?: number;
  /** The state is copied in chunks of a MiB. */
  readonly inChunks?: boolean;
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
const { version, largeMib = 0, inChunks = false } = program;
const { embeddedCoordinator } = require(coordinators) as {
  embeddedCoordinator: (directory: string) => CoordinatorFactory;
};
const counter = new Counter();
/** Keeps the process from everything else without taking the processor from others. */
const block = (): void => {
  if (blockMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
};
const MIB = 1024 * 1024;
/** Stands behind the counter's copy. */
const END = Buffer.of(0);
const ballast = Buffer.alloc(MIB, 7);
const state: StateSource = {
  async checkpoint(): Promise<Uint8Array> {
    if (copyMs > 0) await delay(copyMs);
    block();
    const copy = counter.checkpoint();
    return largeMib === 0 ? copy : Buffer.concat([copy, END, ...Array<Buffer>(largeMib).fill(ballast)]);
  },
  restore(bytes: Uint8Array): void {
    block();
    restore(bytes);
  },
};
/** The same in chunks. All are of one moment, since the ballast never changes. */
const chunkedState: ChunkedStateSource = {
  snapshots: true,
  *checkpoint(): Generator<Uint8Array> {
    yield Buffer.concat([counter.checkpoint(), END]);
    for (let i = 0; i < largeMib; i++) yield ballast;
  },
  async restore(chunks): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    restore(Buffer.concat(parts));
  },
};
function restore(bytes: Uint8Array): void {
  const end = bytes.indexOf(0);
  counter.restore(end < 0 ? bytes : bytes.subarray(0, end));
  const length = end < 0 ? 0 : bytes.length - end - 1;
  if (length !== largeMib * MIB) throw new Error(`${length} bytes came along instead of ${largeMib} MiB`);
}
const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state: inChunks ? chunkedState : state,
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
