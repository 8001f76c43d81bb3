/** A user's tests in jest, of CommonJS: one on a real replica and its client, two with the test kit. */
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const grpc = require('@grpc/grpc-js');
const { replicated, understudyClient } = require('@understudy/client');
const { embeddedCoordinator } = require('@understudy/coordinator-embedded');
const { createReplica } = require('@understudy/server');
const { checkDeterminism, inProcessGroup } = require('@understudy/testing');

const json = {
  requestStream: false,
  responseStream: false,
  requestSerialize: (value) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes) => JSON.parse(bytes.toString()),
  responseSerialize: (value) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()),
};
const Adding = { add: { path: '/adding.v1.Adding/Add', ...json } };

function makeAdding() {
  let sum = 0;
  return {
    state: {
      checkpoint: () => new TextEncoder().encode(String(sum)),
      restore: (bytes) => {
        sum = Number(new TextDecoder().decode(bytes));
      },
    },
    addTo: (server) =>
      server.addService(Adding, {
        add: ({ request }, reply) => {
          sum += request.value;
          reply(null, { sum, at: Date.now(), luck: Math.random() });
        },
      }),
  };
}

test('a replica answers its client', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'adding-'));
  const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'adding' } }] };
  const { state, addTo } = makeAdding();
  const coordinator = embeddedCoordinator(directory);
  const replica = createReplica({ replicaId: 'adding-1', coordinator, state, serviceConfig, handleSignals: false });
  const server = new grpc.Server({ interceptors: replica.interceptors([]) });
  replica.attach(server);
  addTo(server);
  const port = await new Promise((resolve, reject) => {
    const bound = (error, found) => (error ? reject(error) : resolve(found));
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), bound);
  });
  await replica.start({ address: `127.0.0.1:${port}` });
  const target = `understudy:///127.0.0.1:${port}`;
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), replicated({ serviceConfig }));
  const { path, requestSerialize, responseDeserialize } = Adding.add;
  const reply = await new Promise((resolve, reject) => {
    const done = (error, value) => (error ? reject(error) : resolve(value));
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { value: 5 }, done);
  });
  expect(reply.sum).toBe(5);
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
    expect((await group.call('Add', { value: 2 })).reply.sum).toBe(7);
  } finally {
    await group.close();
  }
});

test('every replica comes to the same sum, at the same time and with the same luck', async () => {
  await checkDeterminism(makeAdding, [{ method: 'Add', request: { value: 5 } }]);
});
