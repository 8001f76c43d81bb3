import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { CONNECT_PATH, LINK_PATH } from '@understudy/grpc-common';
import { MESSAGE_BYTES_MAX } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { type Node, Stage } from '../testing/stage.js';
import { MessageWatch } from './message-watch.js';

function message(length: number, sent = length): Buffer {
  const bytes = Buffer.alloc(5 + sent);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe('the messages of a link', () => {
  it('may have the length of any frame, in the packets of any network, whatever a packet ends with', () => {
    const watch = new MessageWatch();
    const bytes = Buffer.concat([message(0), message(MESSAGE_BYTES_MAX), message(1), message(70), message(5_000)]);
    for (const size of [536, 1_400, 16_384, bytes.length]) {
      for (let at = 0; at < bytes.length; at += size) {
        expect(watch.push(bytes.subarray(at, at + size))).toBeUndefined();
      }
    }
    for (let i = 0; i < 10_000; i++) expect(watch.push(message(1, 0))).toBe(watch.push(Buffer.alloc(1)));
  });

  it('are refused by their length, before their bytes have come', () => {
    expect(new MessageWatch().push(message(MESSAGE_BYTES_MAX + 2_000, 0))).toContain('a message of 67');
  });

  it('are refused in many tiny pieces, each of which takes far more memory than it has bytes', () => {
    const watch = new MessageWatch();
    const said: (string | undefined)[] = [watch.push(message(MESSAGE_BYTES_MAX, 0))];
    while (said.at(-1) === undefined && said.length < 1_000) said.push(watch.push(Buffer.alloc(1)));
    expect(said.length).toBeLessThan(300);
    expect(said.at(-1)).toContain('more pieces than any network makes of it');
  });
});

let stage: Stage;
let session: ClientHttp2Session;
afterEach(async () => {
  session?.destroy();
  await stage?.end();
});

function open(node: Node, path: string): ClientHttp2Stream {
  session = connect(`http://${node.address}`);
  session.on('error', () => {});
  return session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
}

it.each([CONNECT_PATH, LINK_PATH])('a link of %s ends that begins a message of four mebibytes', async (path) => {
  stage = new Stage(memoryCoordinator());
  const node = await stage.start('r1');
  const stream = open(node, path);
  stream.write(message(4 * 1024 * 1024 - 1, 1));
  const [headers] = await once(stream, 'response');
  const trailers = 'grpc-status' in headers ? headers : (await once(stream.resume(), 'trailers'))[0];
  expect(decodeURIComponent(trailers['grpc-message'])).toMatch(/UNDERSTUDY_MALFORMED: .*a message of 4194303 bytes/);
  expect(stage.logged).toContainEqual(expect.stringContaining('a message of 4194303 bytes'));
  expect(await node.add('a', 1)).toEqual({ error: null, value: 1 });
});
