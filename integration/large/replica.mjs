/** One replica of a service of blobs as a process: its arguments are its name, the record's directory, carrier and lease. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { embeddedCoordinator } from '../../packages/coordinator-embedded/dist/index.js';
import { createReplica } from '../../packages/server/dist/index.js';

const same = (bytes) => bytes;
const method = (name) => ({
  path: `/test.Blobs/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

const [replicaId, directory, carrier, leaseMs] = process.argv.slice(2);
let calls = 0;
const group = { group: 'blobs', carrier, leaseMs: Number(leaseMs) };
const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state: {
    checkpoint: () => Buffer.from(String(calls)),
    restore: (state) => {
      calls = Number(Buffer.from(state));
    },
  },
  serviceConfig: { loadBalancingConfig: [{ understudy: group }] },
});
const server = new Server({
  interceptors: replica.interceptors(),
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
});
replica.attach(server);
server.addService(
  { Put: method('Put'), Get: method('Get') },
  {
    /** Replies with the length of the request. */
    Put: (call, callback) => {
      calls++;
      callback(null, Buffer.from(String(call.request.length)));
    },
    /** Replies with as many bytes as the request says. */
    Get: (call, callback) => {
      calls++;
      callback(null, Buffer.alloc(Number(call.request), 7));
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (error, port) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${port}` });
  process.send({ port });
});
// The parent is gone, so nobody is left to end this process.
process.on('disconnect', () => process.exit(1));
