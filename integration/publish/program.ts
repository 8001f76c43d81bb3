import * as grpc from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import {
  createReplica,
  type ErrorCode,
  type Logger,
  type StateSource,
  UnderstudyError,
  type UnderstudyServiceConfig,
} from '@understudy/server';

/** The first program of a user: it makes a group of one replica, calls it once, and ends. */
interface Sum {
  readonly value: number;
}

const encode = (sum: Sum): Buffer => Buffer.from(JSON.stringify(sum));
const decode = (bytes: Buffer): Sum => JSON.parse(bytes.toString()) as Sum;
const AddingService = {
  add: {
    path: '/adding.v1.Adding/Add',
    requestStream: false,
    responseStream: false,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  },
} as const satisfies grpc.ServiceDefinition;

class Adding implements StateSource {
  sum = 0;

  checkpoint(): Uint8Array {
    return encode({ value: this.sum });
  }

  restore(state: Uint8Array): void {
    this.sum = decode(Buffer.from(state)).value;
  }
}

const serviceConfig: UnderstudyServiceConfig = {
  loadBalancingConfig: [{ understudy: { group: 'adding', replication: 'semi-active', leaseMs: 300 } }],
};
const logger: Logger = { log: () => {} };

async function main(directory: string, health: boolean): Promise<void> {
  const adding = new Adding();
  const replica = createReplica({
    replicaId: 'adding-1',
    coordinator: embeddedCoordinator(directory),
    state: adding,
    serviceConfig,
    logger,
    handleSignals: false,
    health,
  });
  const server = new grpc.Server({ interceptors: replica.interceptors([]) });
  replica.attach(server);
  const add: grpc.handleUnaryCall<Sum, Sum> = ({ request }, reply) => {
    adding.sum += request.value;
    reply(null, { value: adding.sum });
  };
  server.addService(AddingService, { add });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  await replica.start({ address: `127.0.0.1:${port}` });

  const target = `understudy:///127.0.0.1:${port}`;
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), replicated({ serviceConfig, logger }));
  const { path, requestSerialize, responseDeserialize } = AddingService.add;
  const sum = await new Promise<Sum>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { value: 5 }, (error, reply) => {
      if (reply === undefined) reject(error ?? new Error('neither an error nor a reply'));
      else resolve(reply);
    });
  });
  await understudyClient(client).close();
  client.close();
  await replica.stop();
  server.forceShutdown();

  let refused: ErrorCode | undefined;
  try {
    replicated({ serviceConfig: {} });
  } catch (error) {
    if (error instanceof UnderstudyError) refused = error.code;
  }
  console.log(`${replica.status.group}: the sum is ${sum.value}; ${refused} is a code`);
}

main(process.argv[2] ?? '', process.argv[3] !== 'without-health').catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
