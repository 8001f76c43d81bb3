/**
 * A client that its parent tells what to do, and that can be made to sleep. Its arguments are its target and settings as
 * JSON. It tells what it heard on streams and how calls ended.
 */
import { readSync } from 'node:fs';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated } from '../../packages/client/dist/index.js';
import { group, service } from './service.mjs';

const [target, settings] = process.argv.slice(2);
const serviceConfig = { loadBalancingConfig: [{ understudy: { ...group, ...JSON.parse(settings) } }] };
const client = new Client(target, credentials.createInsecure(), replicated({ serviceConfig }));
const STDIN = 0;
let talk;

const tell = (what) => process.send(what);

function call(name) {
  const { path, requestSerialize, responseDeserialize } = service[name];
  client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'please', (error, reply) =>
    tell({ ended: name, how: error === null ? reply : error.details }),
  );
}

function open(name) {
  const { path, requestSerialize, responseDeserialize } = service.Talk;
  talk = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  talk
    .on('data', (text) => tell({ heard: `${name}: ${text}` }))
    .on('error', () => {})
    .on('status', ({ code, details }) => tell({ ended: name, how: code === 0 ? 'OK' : details }));
  talk.write('hello');
}

/** Blocks the event loop until the parent writes something. */
const block = () => process.send({ blocks: true }, () => readSync(STDIN, Buffer.alloc(1)));

process.on('message', ([what, argument]) => {
  if (what === 'call') call(argument);
  else if (what === 'open') open(argument);
  else if (what === 'say') talk.write(argument);
  else if (what === 'hang up') talk.end();
  else if (what === 'block') block();
});
process.on('disconnect', () => process.exit(1));
tell({ ready: true });
