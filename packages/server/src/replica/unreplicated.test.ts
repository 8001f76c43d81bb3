import {
  addAdminServicesToServer,
  Client,
  credentials,
  Metadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { addition, RawSession, secretOf } from '../testing/links/raw-session.js';
import { Stage } from '../testing/stage.js';

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/debug.v1.Debug/${name}`,
  requestStream,
  responseStream,
  requestSerialize: (text: string): Buffer => Buffer.from(text),
  requestDeserialize: (bytes: Buffer): string => bytes.toString(),
  responseSerialize: (text: string): Buffer => Buffer.from(text),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
});
const debugService = {
  say: method('Say', false, false),
  chat: method('Chat', true, true),
  list: method('List', false, true),
  join: method('Join', true, false),
};
/** Reflection as any package offers it: a stream whose service is not named among the unreplicated ones. */
const reflectionService = {
  info: { ...method('', true, true), path: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo' },
};
/** A request for all servers of a process, and its answer, as bytes. */
const channelzServers = {
  path: '/grpc.channelz.v1.Channelz/GetServers',
  serialize: (bytes: Buffer): Buffer => bytes,
};

let stage: Stage;
let seen: Metadata[] = [];
const clients: Client[] = [];
beforeEach(() => {
  seen = [];
  stage = new Stage(memoryCoordinator(), {}, [], (server) => {
    addAdminServicesToServer(server);
    server.addService(reflectionService, {
      info(call: ServerDuplexStream<string, string>) {
        call.on('data', (text: string) => call.write(`${text}?`));
        call.on('end', () => call.end());
      },
    });
    server.addService(debugService, {
      say(call: ServerUnaryCall<string, string>, callback: (error: null, reply: string) => void) {
        seen.push(call.metadata);
        callback(null, `${call.request}!`);
      },
      chat(call: ServerDuplexStream<string, string>) {
        seen.push(call.metadata);
        call.on('data', (text: string) => call.write(`${text}!`));
        call.on('end', () => call.end());
      },
      list(call: ServerWritableStream<string, string>) {
        for (const letter of call.request) call.write(letter);
        call.end();
      },
      join(call: ServerReadableStream<string, string>, callback: (error: null, reply: string) => void) {
        const texts: string[] = [];
        call.on('data', (text: string) => texts.push(text));
        call.on('end', () => callback(null, texts.join()));
      },
    });
  });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
});

async function start(carrier: 'stream' | 'rpc'): Promise<{ client: Client }> {
  const unreplicated = ['debug.v1.Debug'];
  const nodes = [await stage.start('r1', { unreplicated }), await stage.start('r2', { unreplicated })];
  const client = new Client(
    `understudy:///${nodes.map(({ address }) => address).join()}`,
    credentials.createInsecure(),
    replicated({ serviceConfig: stage.serviceConfig, carrier }),
  );
  clients.push(client);
  return { client };
}

function say(client: Client, text: string): Promise<string | undefined> {
  const { path, requestSerialize, responseDeserialize } = debugService.say;
  const metadata = new Metadata();
  metadata.set('who', 'me');
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, text, metadata, (error, reply) =>
      error === null ? resolve(reply) : reject(error),
    );
  });
}

async function chat(client: Client, texts: readonly string[]): Promise<string[]> {
  const { path, requestSerialize, responseDeserialize } = debugService.chat;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  for (const text of texts) call.write(text);
  call.end();
  const replies: string[] = [];
  for await (const reply of call) replies.push(reply as string);
  return replies;
}

function join(client: Client, texts: readonly string[]): Promise<string | undefined> {
  const { path, requestSerialize, responseDeserialize } = debugService.join;
  return new Promise((resolve, reject) => {
    const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, reply) =>
      error === null ? resolve(reply) : reject(error),
    );
    for (const text of texts) call.write(text);
    call.end();
  });
}

async function list(client: Client, text: string): Promise<string[]> {
  const { path, requestSerialize, responseDeserialize } = debugService.list;
  const letters: string[] = [];
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, text);
  for await (const letter of call) letters.push(letter as string);
  return letters;
}

it('a client that sends a call of such a service into the order is refused, and nothing runs', async () => {
  const nodes = [await stage.start('r1', { unreplicated: ['debug.v1.Debug'] })] as const;
  const session = new RawSession(nodes[0], secretOf(1));
  try {
    await session.hello();
    session.request(1, { method: debugService.say.path, message: Buffer.from('a') });
    expect(await session.outcome()).toMatchObject({ code: 12 });
    session.request(2, addition('b'));
    expect(await session.reply()).toBe('1');
    expect(seen).toEqual([]);
  } finally {
    session.stream.close();
  }
});

describe.each(['stream', 'rpc'] as const)('a service that the group does not replicate, carrier %s', (carrier) => {
  const many = Array.from({ length: 100 }, (_, i) => `${i}`);

  it('answers the first unary call of a replicated client, and later ones', async () => {
    const { client } = await start(carrier);
    expect(await say(client, 'a')).toBe('a!');
    expect(seen[0]?.get('who')).toEqual(['me']);
    expect(await say(client, 'b')).toBe('b!');
    // Each was handled by one replica.
    expect(seen).toHaveLength(2);
  });

  it('answers the first stream of a replicated client, and later ones', async () => {
    const { client } = await start(carrier);
    const replies = many.map((text) => `${text}!`);
    expect(await chat(client, many)).toEqual(replies);
    expect(await chat(client, many)).toEqual(replies);
    expect(seen).toHaveLength(2);
  });

  it('answers the first stream of replies of a replicated client', async () => {
    const { client } = await start(carrier);
    expect(await list(client, 'abc')).toEqual(['a', 'b', 'c']);
  });

  it('answers the first stream of requests of a replicated client, and later ones', async () => {
    const { client } = await start(carrier);
    for (let i = 0; i < 2; i++) expect(await join(client, many)).toBe(many.join());
  });

  it('is reflection or channelz without being named', async () => {
    const { client } = await start(carrier);
    const { requestSerialize, responseDeserialize } = debugService.chat;
    const call = client.makeBidiStreamRequest(reflectionService.info.path, requestSerialize, responseDeserialize);
    for (const text of ['a', 'b']) call.write(text);
    call.end();
    const replies: unknown[] = [];
    for await (const reply of call) replies.push(reply);
    expect(replies).toEqual(['a?', 'b?']);
    const { path, serialize } = channelzServers;
    const servers = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(path, serialize, serialize, Buffer.alloc(0), (error, reply) =>
        error === null ? resolve(reply ?? Buffer.alloc(0)) : reject(error),
      );
    });
    // Both replicas run in this process, so either knows of two servers.
    expect(servers.length).toBeGreaterThan(0);
  });

  it('does not keep the same client from replicated calls', async () => {
    const { client } = await start(carrier);
    const { path, requestSerialize, responseDeserialize } = counterService.Add;
    const added = new Promise((resolve) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id: 'x', by: 1 }, (_error, value) =>
        resolve(value),
      ),
    );
    expect(await Promise.all([say(client, 'a'), added, chat(client, ['c'])])).toEqual(['a!', 1, ['c!']]);
  });
});
