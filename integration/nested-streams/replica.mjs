/**
 * One replica as a process, of a service that streams (`feed`) or of one whose handlers call that (`reader`). Its arguments are
 * its name, the record's directory, the service, the mode and, for a reader, where the feed is.
 */
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { replicated } from '../../packages/client/dist/index.js';
import { embeddedCoordinator } from '../../packages/coordinator-embedded/dist/index.js';
import { createReplica } from '../../packages/server/dist/index.js';

const json = {
  requestSerialize: (value) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes) => JSON.parse(bytes.toString()),
  responseSerialize: (value) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()),
};
const method = (path, requestStream = false, responseStream = false) => ({
  path,
  requestStream,
  responseStream,
  ...json,
});
const FEED = {
  Watch: method('/test.Feed/Watch', false, true),
  Talk: method('/test.Feed/Talk', true, true),
  Sum: method('/test.Feed/Sum', true, false),
  Publish: method('/test.Feed/Publish'),
  Heard: method('/test.Feed/Heard'),
};
const READER = {
  Collect: method('/test.Reader/Collect'),
  Upload: method('/test.Reader/Upload'),
  Talk: method('/test.Reader/Talk'),
  Heard: method('/test.Reader/Heard'),
};
const configOf = (group, mode) => ({ loadBalancingConfig: [{ understudy: { group, ...mode } }] });

const [replicaId, directory, kind, mode, target] = process.argv.slice(2);
const settings = JSON.parse(mode);
let heard = [];

function feed() {
  let watching = [];
  return {
    Watch: (call) => {
      watching.push(call);
      call.on('cancelled', () => {
        watching = watching.filter((one) => one !== call);
      });
    },
    Talk: (call) => {
      call.on('data', (value) => {
        heard.push(value);
        call.write(value + 1);
      });
      call.on('end', () => call.end());
    },
    Sum: (call, callback) => {
      let sum = 0;
      call.on('data', (value) => {
        heard.push(value);
        sum += value;
      });
      call.on('end', () => callback(null, sum));
    },
    /** A number below zero ends the streams. Replies how many there are. */
    Publish: ({ request }, callback) => {
      for (const value of request) {
        for (const one of watching) {
          if (value < 0) one.end();
          else one.write(value);
        }
      }
      callback(null, watching.length);
    },
    Heard: (_call, callback) => callback(null, heard),
  };
}

function reader() {
  const client = new Client(
    target,
    credentials.createInsecure(),
    replicated({ serviceConfig: configOf('feed', settings) }),
  );
  const open = (kindOf, { path, requestSerialize, responseDeserialize }, ...more) =>
    client[kindOf](path, requestSerialize, responseDeserialize, ...more);
  return {
    Collect: async (call, callback) => {
      for await (const item of open('makeServerStreamRequest', FEED.Watch, call.request)) heard.push(item);
      callback(null, 'end');
    },
    Upload: (call, callback) => {
      const stream = open('makeClientStreamRequest', FEED.Sum, callback);
      for (let i = 1; i <= call.request; i++) stream.write(i);
      stream.end();
    },
    Talk: async (call, callback) => {
      const stream = open('makeBidiStreamRequest', FEED.Talk);
      stream.write(1);
      let last = 0;
      for await (const value of stream) {
        last = value;
        if (last >= call.request) stream.end();
        else stream.write(last);
      }
      callback(null, last);
    },
    Heard: (_call, callback) => callback(null, heard),
  };
}

const replica = createReplica({
  replicaId,
  coordinator: embeddedCoordinator(directory),
  state: {
    checkpoint: () => Buffer.from(JSON.stringify(heard)),
    restore: (state) => {
      heard = JSON.parse(Buffer.from(state).toString());
    },
  },
  serviceConfig: configOf(kind, settings),
});
const server = new Server({ interceptors: replica.interceptors() });
replica.attach(server);
if (kind === 'feed') server.addService(FEED, feed());
else server.addService(READER, reader());
process.on('message', () => process.send(replica.status));
// The parent is gone.
process.on('disconnect', () => process.exit());
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (_error, port) => {
  await replica.start({ address: `127.0.0.1:${port}` });
  process.send({ port });
});
