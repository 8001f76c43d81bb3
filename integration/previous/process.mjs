// A replica or a client of a small service, of the build whose packages are found from a folder. What it is told comes as
// JSON on its command line, because all builds must understand it: { root, kind, … }. It tells its parent by messages.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { root, kind, directory, replicaId, addresses, carrier, settings, port = 0 } = JSON.parse(process.argv[2]);
const load = createRequire(join(root, 'package.json'));
const { Client, Server, ServerCredentials, credentials } = load('@grpc/grpc-js');

const asJson = (value) => Buffer.from(JSON.stringify(value));
const fromJson = (bytes) => JSON.parse(bytes.toString());
const codec = {
  requestSerialize: asJson,
  requestDeserialize: fromJson,
  responseSerialize: asJson,
  responseDeserialize: fromJson,
};
const service = {
  Add: { path: '/test.Sum/Add', requestStream: false, responseStream: false, ...codec },
  AddEach: { path: '/test.Sum/AddEach', requestStream: true, responseStream: true, ...codec },
};
const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'sums', ...settings } }] };
const fail = (reason) => process.send({ failed: String(reason) });

function replica() {
  const { createReplica } = load('@understudy/server');
  const { embeddedCoordinator } = load('@understudy/coordinator-embedded');
  let ids = [];
  const state = { checkpoint: () => asJson(ids), restore: (copy) => (ids = fromJson(Buffer.from(copy))) };
  const one = createReplica({
    replicaId,
    coordinator: embeddedCoordinator(directory),
    state,
    version: '1',
    serviceConfig,
    logger: {
      log: (level, event, fields) => level === 'error' && fail(`${replicaId}: ${event} ${JSON.stringify(fields)}`),
    },
  });
  const server = new Server({ interceptors: one.interceptors() });
  one.attach(server);
  server.addService(service, {
    Add: ({ request }, callback) => callback(null, ids.push(request)),
    AddEach: (call) => {
      call.on('data', (id) => call.write(ids.push(id)));
      call.on('end', () => call.end());
    },
  });
  server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), async (error, bound) => {
    if (error !== null) throw error;
    await one.start({ address: `127.0.0.1:${bound}` });
    process.send({ port: bound });
  });
  process.on('message', () => process.send({ ids }));
  process.on('disconnect', () => process.exit(1));
}

/** Adds by calls and by one stream, one after the other, until it is told to stop. */
async function client() {
  const { replicated, understudyClient } = load('@understudy/client');
  const options = replicated({ serviceConfig, logger: 'none', carrier });
  const it = new Client(`understudy:///${addresses.join()}`, credentials.createInsecure(), options);
  const added = {};
  let going = true;
  process.on('message', () => {
    going = false;
  });
  const { path, requestSerialize, responseDeserialize } = service.Add;
  const add = (id) =>
    new Promise((resolve, reject) =>
      it.makeUnaryRequest(path, requestSerialize, responseDeserialize, id, (error, sum) =>
        error === null ? resolve(sum) : reject(error),
      ),
    );
  const each = it.makeBidiStreamRequest(service.AddEach.path, requestSerialize, responseDeserialize);
  const addOnStream = (id) =>
    new Promise((resolve, reject) => {
      each.once('data', resolve);
      each.once('error', reject);
      each.write(id);
    });
  try {
    for (let i = 0; going; i++) {
      const id = `${process.pid}.${i}`;
      added[id] = await (i % 2 === 0 ? add(id) : addOnStream(id));
      each.removeAllListeners('error');
      if (i === 20) process.send({ begun: true });
      // Leaves the processors to those that start.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    each.on('error', fail);
    each.end();
    await new Promise((resolve) => each.on('end', resolve).resume());
    await understudyClient(it).close();
  } catch (error) {
    fail(error);
  }
  process.send({ added });
  process.disconnect();
}

if (kind === 'replica') replica();
else client();
