/** A user's tests in ts-jest: one on a real replica and its client, two with the test kit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { replicated, understudyClient } from '@understudy/client';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import { createReplica, UnderstudyError, type UnderstudyServiceConfig } from '@understudy/server';
import { checkDeterminism, inProcessGroup, type TestedService } from '@understudy/testing';

interface Sum {
  readonly value: number;
}

const encode = (sum: Sum): Buffer => Buffer.from(JSON.stringify(sum));
const decode = (bytes: Uint8Array): Sum => JSON.parse(Buffer.from(bytes).toString()) as Sum;
const Adding = {
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

function makeAdding(): TestedService {
  let value = 0;
  const add: grpc.handleUnaryCall<Sum, Sum> = ({ request }, reply) => {
    value += request.value;
    reply(null, { value });
  };
  return {
    state: {
      checkpoint: () => encode({ value }),
      restore: (bytes: Uint8Array) => {
        value = decode(bytes).value;
      },
    },
    addTo: (server) => server.addService(Adding, { add }),
  };
}

test('a replica answers its client', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'adding-'));
  const serviceConfig: UnderstudyServiceConfig = { loadBalancingConfig: [{ understudy: { group: 'adding' } }] };
  const { state, addTo } = makeAdding();
  const coordinator = embeddedCoordinator(directory);
  const replica = createReplica({ replicaId: 'adding-1', coordinator, state, serviceConfig, handleSignals: false });
  const server = new grpc.Server({ interceptors: replica.interceptors([]) });
  replica.attach(server);
  addTo(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  await replica.start({ address: `127.0.0.1:${port}` });
  const target = `understudy:///127.0.0.1:${port}`;
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), replicated({ serviceConfig }));
  const { path, requestSerialize, responseDeserialize } = Adding.add;
  const sum = await new Promise<Sum | undefined>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { value: 5 }, (error, reply) =>
      error === null ? resolve(reply) : reject(error),
    );
  });
  expect(sum).toEqual({ value: 5 });
  await understudyClient(client).close();
  client.close();
  await replica.stop();
  server.forceShutdown();
  rmSync(directory, { recursive: true });
});

test('the sum outlives its primary', async () => {
  const group = await inProcessGroup(makeAdding, { replicas: 2 });
  try {
    expect((await group.call('Add', { value: 5 })).code).toBe(0);
    await group.killPrimary();
    expect((await group.call('Add', { value: 2 })).reply).toEqual({ value: 7 });
  } finally {
    await group.close();
  }
});

test('a mistake in the settings is an error of the class that is exported', async () => {
  expect(() => replicated({ serviceConfig: {} })).toThrow(UnderstudyError);
  await checkDeterminism(makeAdding, [{ method: 'Add', request: { value: 5 } }]);
});
