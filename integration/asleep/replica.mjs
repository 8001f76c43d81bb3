/** One replica of a service whose clients sleep: its arguments are its name, the record's directory and settings as JSON. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { embeddedCoordinator } from '../../packages/coordinator-embedded/dist/index.js';
import { createReplica } from '../../packages/server/dist/index.js';
import { group, service } from './service.mjs';

const [replicaId, directory, settings] = process.argv.slice(2);
let count = 0;
const waiting = new Set();
const talks = new Set();
const understudy = { ...group, ...JSON.parse(settings) };
const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state: {
    checkpoint: () => Buffer.from(String(count)),
    restore: (state) => {
      count = Number(Buffer.from(state));
    },
  },
  logger: {
    log: (level, event, fields) => {
      if (level !== 'debug') process.send({ logged: { level, event, ...fields } });
    },
  },
  serviceConfig: { loadBalancingConfig: [{ understudy }] },
});
const server = new Server({ interceptors: replica.interceptors() });
replica.attach(server);
server.addService(service, {
  Add: (_call, callback) => callback(null, String(++count)),
  /** Is answered by `Wake`. */
  Wait: (_call, callback) => {
    waiting.add(callback);
  },
  /** Answers all who wait, and tells all who talk. */
  Wake: (_call, callback) => {
    for (const answer of waiting) answer(null, 'woken');
    waiting.clear();
    for (const talk of talks) talk.write('woken');
    callback(null, 'done');
  },
  /** Says again what it is told. */
  Talk: (call) => {
    talks.add(call);
    call.on('data', (text) => call.write(text));
    call.on('end', () => {
      talks.delete(call);
      call.end();
    });
    call.on('cancelled', () => talks.delete(call));
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (error, port) => {
  if (error !== null) throw error;
  await replica.start({ address: `127.0.0.1:${port}` });
  process.send({ port });
});
process.on('message', () => process.send({ status: { sessions: replica.status.sessions } }));
// The parent is gone, so nobody is left to end this process.
process.on('disconnect', () => process.exit(1));
