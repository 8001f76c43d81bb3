/** The service that hostile clients call: it counts, answers with much, and talks on streams. Messages are raw bytes. */
import * as grpc from '@grpc/grpc-js';
import type { Hosted } from '@understudy/examples/common/hosted.js';
import { type Mode, serviceConfigOf } from '@understudy/examples/common/mode.js';

const BIG_BYTES = 1024 * 1024;
const ITEM_BYTES = 64 * 1024;
const COUNT_BYTES = 8;

const bytes = (message: Buffer): Buffer => message;
const method = (name: string, streams = false) => ({
  path: `/workshop.Target/${name}`,
  requestStream: streams,
  responseStream: streams,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

export const targetService = {
  Count: method('Count'),
  Look: method('Look'),
  Big: method('Big'),
  Talk: method('Talk', true),
} as const;
export const TARGET_GROUP = 'target';

const MIB = 1024 * 1024;
/** So little that every attack comes to the bounds within seconds. */
const BUDGETS = { totalBytes: 32 * MIB, sessionBytes: 8 * MIB, keyedBytes: 8 * MIB } as const;
/** The default of `backlogMax`, each with as many bytes as it counts for. */
const BACKLOG_BYTES = 262_144 * 1024;

/**
 * What a replica may take beyond what it has when it serves only honest clients. The page on security gives this formula.
 */
export const memoryMaxBytes = ({ replication }: Mode): number =>
  5 * BUDGETS.totalBytes + 2 * BUDGETS.keyedBytes + 128 * MIB + (replication === 'passive' ? BACKLOG_BYTES : 0);

export function targetServiceConfig(mode: Mode) {
  const { loadBalancingConfig } = serviceConfigOf(
    { group: TARGET_GROUP, service: 'workshop.Target', reads: ['Look'] },
    mode,
  );
  return {
    loadBalancingConfig: loadBalancingConfig.map(({ understudy }) => ({
      understudy: { ...understudy, budgets: BUDGETS },
    })),
  };
}

/** A client of the target. */
export interface TargetClient extends grpc.Client {
  Count(
    message: Buffer,
    options: grpc.CallOptions,
    callback: (error: grpc.ServiceError | null, counted?: Buffer) => void,
  ): grpc.ClientUnaryCall;
}

type TargetConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options: grpc.ClientOptions,
) => TargetClient;

export const TargetClient = grpc.makeGenericClientConstructor(targetService, 'Target') as unknown as TargetConstructor;

function numberBytes(count: number): Buffer {
  const buffer = Buffer.alloc(COUNT_BYTES);
  buffer.writeDoubleBE(count);
  return buffer;
}

/** Returns a target that has counted nothing yet, ready to be replicated. */
export function target(): Hosted {
  let count = 0;
  const counted = (answer: (count: number) => Buffer): grpc.handleUnaryCall<Buffer, Buffer> => {
    return (_call, callback) => {
      count += 1;
      callback(null, answer(count));
    };
  };
  const look: grpc.handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, numberBytes(count));
  const talk: grpc.handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', () => {
      count += 1;
      call.write(Buffer.alloc(ITEM_BYTES));
    });
    call.on('end', () => call.end());
  };
  return {
    what: 'target of hostile clients',
    group: TARGET_GROUP,
    serviceConfig: targetServiceConfig,
    state: {
      checkpoint: () => numberBytes(count),
      restore: (copy) => {
        count = Buffer.from(copy).readDoubleBE();
      },
      audit: () => count,
    },
    addTo: (server) => {
      const handlers = {
        Count: counted(numberBytes),
        Look: look,
        Big: counted(() => Buffer.alloc(BIG_BYTES)),
        Talk: talk,
      };
      server.addService(targetService, handlers);
    },
  };
}
