import { once } from 'node:events';
import { connect, type Server as NetServer, type Socket } from 'node:net';
import { Client, credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { CONNECT_PATH, LINK_PATH } from '@understudy/grpc-common';
import { afterEach, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { RawStream } from '../testing/links/raw-stream.js';
import { type Node, Stage } from '../testing/stage.js';
import { floodedService } from './testing/flooded-service.js';
import { UnspokenConnections } from './unspoken-connections.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** The header of a frame: its length, its type, its flags, its stream. */
const frame = (type: number, flags: number, stream: number, payload = Buffer.alloc(0), length = payload.length) =>
  Buffer.concat([Buffer.of(0, length >> 8, length & 255, type, flags, 0, 0, 0, stream), payload]);
const SETTINGS = frame(4, 0, 0);
const literal = (text: string) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
const headersOf = (path: string) =>
  Buffer.concat(
    Object.entries({
      ...{ ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'slow' },
      ...{ te: 'trailers', 'content-type': 'application/grpc' },
    }).map(([name, value]) => Buffer.concat([Buffer.of(0), literal(name), literal(value)])),
  );
const HEADERS = headersOf(counterService.Add.path);
/** More than the kernel takes for a connection. */
const TOO_LARGE = Buffer.alloc(64 * 1024 * 1024);

let stage: Stage;
const stages: Stage[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const each of stages.splice(0)) await each.end();
});

function open({ address }: Pick<Node, 'address'>, ...bytes: readonly Buffer[]): Socket {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  sockets.push(socket);
  socket.on('error', () => {});
  socket.resume();
  for (const each of bytes) socket.write(each);
  return socket;
}

const many = (count: number, make: () => Socket): Socket[] => Array.from({ length: count }, make);
const ends = (all: readonly Socket[]): Promise<unknown> =>
  Promise.all(all.map((socket) => socket.closed || once(socket, 'close')));

/** An honest client. @returns what its calls count up to, and a way to end it */
function honest(node: Node) {
  const client = new Client(
    `understudy:///${node.address}`,
    credentials.createInsecure(),
    replicated({ serviceConfig: stage.serviceConfig, logger: stage.logger }),
  );
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  const add = (id: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
        error === null ? resolve(value) : reject(error),
      );
    });
  return { add, close: () => understudyClient(client).close() };
}

it('connections that never finish what they begin are ended, while honest clients and a new replica are served', async () => {
  // The answer to a ping cannot come from who is in the middle of a frame, or reads nothing.
  const options = { 'grpc.keepalive_time_ms': 2_000, 'grpc.keepalive_timeout_ms': 4_000 };
  stage = new Stage(memoryCoordinator(), {}, [], undefined, options);
  stages.push(stage);
  const [primary] = (await stage.startGroup(2)) as [Node, Node];
  const early = honest(primary);
  let calls = 0;
  let going = true;
  const calling = (async () => {
    for (; going; calls++) await early.add(`${calls}`);
  })();

  const slow = [
    ...many(50, () => open(primary)),
    ...many(50, () => open(primary, PREFACE.subarray(0, 10))),
    ...many(50, () => open(primary, PREFACE, SETTINGS, frame(1, 4, 1, HEADERS.subarray(0, 9), HEADERS.length))),
    ...many(50, () => open(primary, PREFACE, SETTINGS, frame(1, 4, 1, HEADERS))),
  ];
  // A byte now and then, of a preface and of the header of a call.
  const drops = many(20, () => open(primary));
  const dribbles = many(20, () => open(primary, PREFACE, SETTINGS, frame(1, 4, 1, Buffer.alloc(0), HEADERS.length)));
  let dropped = 0;
  const drip = setInterval(() => {
    for (const socket of drops) socket.write(PREFACE.subarray(dropped, dropped + 1));
    for (const socket of dribbles) socket.write(HEADERS.subarray(dropped, dropped + 1));
    dropped++;
  }, 500);
  const silent = [CONNECT_PATH, LINK_PATH].flatMap((path) =>
    Array.from({ length: 20 }, () => new RawStream(primary.address, path)),
  );

  const late = honest(primary);
  await late.add('late');
  await stage.start('r3');
  await stage.until(() => primary.status.inSync.length === 3);
  await ends([...slow, ...drops, ...dribbles]);
  clearInterval(drip);
  for (const { details } of await Promise.all(silent.map(({ ended }) => ended)))
    expect(details).toContain('did not say and prove who it is within 5 s');
  const after = calls;
  await Promise.race([stage.until(() => calls > after), calling]);
  going = false;
  await calling;
  await early.close();
  await late.close();

  const told = (reason: string) => stage.logged.filter((line) => line.startsWith('warn') && line.includes(reason));
  expect(told('it did not begin to speak HTTP/2 within 5 s')).toHaveLength(1);
  expect(told('a link of a client was refused')).toHaveLength(1);
  expect(told('a link of a replica was refused')).toHaveLength(1);
});

it('a connection that reads nothing ends with all that waits for it, because it answers no pings', async () => {
  const options = { 'grpc.keepalive_time_ms': 1_000, 'grpc.keepalive_timeout_ms': 1_000 };
  const answer = (_call: unknown, callback: (error: null, reply: Buffer) => void) => callback(null, TOO_LARGE);
  const addFlooded = (server: Server) => server.addService(floodedService, { Big: answer, Take: answer });
  stage = new Stage(memoryCoordinator(), {}, [], addFlooded, options);
  stages.push(stage);
  const node = await stage.start('r1');
  const { http2Servers } = node.server as unknown as { readonly http2Servers: Map<NetServer, unknown> };
  const accepted = new Promise<Socket>((resolve) => {
    for (const listener of http2Servers.keys()) listener.once('connection', resolve);
  });
  // It lets the other side send whatever it likes.
  const windows = [frame(4, 0, 0, Buffer.of(0, 4, 0x7f, 0xff, 0xff, 0xff)), frame(8, 0, 0, Buffer.of(0x7f, 0, 0, 0))];
  const call = frame(1, 4, 1, headersOf(floodedService.Big.path));
  const socket = open(node, PREFACE, ...windows, call, frame(0, 1, 1, Buffer.alloc(5)));
  socket.pause();
  const other = await accepted;
  await ends([other]);
  // The reply was on its way, and most of it never left.
  expect(other.bytesWritten).toBeGreaterThan(TOO_LARGE.length / 2);
});

it('waiting connections are bounded: the oldest makes room, and one that speaks at once is served', async () => {
  const logged: unknown[] = [];
  const server = new Server();
  new UnspokenConnections({ log: (_level, _event, fields) => logged.push(fields?.reason) }, 3).watch(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const address = `127.0.0.1:${port}`;
  const spoken = open({ address }, PREFACE, SETTINGS);
  await once(spoken, 'data');
  const first = open({ address });
  await once(first, 'connect');
  const others = many(3, () => open({ address }));
  await ends([first]);
  expect(logged).toEqual(['3 later ones have not begun to speak HTTP/2 either']);
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  const answer = await new Promise((resolve) => {
    const request = { id: 'x', by: 1 };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error) => resolve(error?.code));
  });
  expect(answer).toBe(status.UNIMPLEMENTED);
  expect([spoken, ...others.slice(1)].map(({ closed }) => closed)).toEqual([false, false, false]);
  client.close();
  server.forceShutdown();
});
