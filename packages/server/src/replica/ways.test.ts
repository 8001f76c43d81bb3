import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import { Client, credentials, type Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

/** Of servers that let no connection grow old. */
const AGED = { 'grpc.max_connection_age_ms': 200, 'grpc.max_connection_age_grace_ms': 50 };

let stage: Stage;
const clients: Client[] = [];
const stops: (() => void)[] = [];
const logged: string[] = [];
beforeEach(() => {
  stage = new Stage(memoryCoordinator());
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
  for (const stop of stops.splice(0)) stop();
});

function connect(nodes: readonly Node[], carrier: 'stream' | 'rpc'): Client {
  const logger = { log: (_level: string, event: string) => void logged.push(event) };
  const client = new Client(
    `understudy:///${nodes.map(({ address }) => address).join()}`,
    credentials.createInsecure(),
    replicated({ serviceConfig: stage.serviceConfig, carrier, logger }),
  );
  clients.push(client);
  return client;
}

function add(client: Client): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id: 'x', by: 1 }, (error, value) =>
      error === null ? resolve(value as number) : reject(error),
    );
  });
}

/** An HTTP proxy that notes what it is asked to connect to. */
async function startProxy(): Promise<{ asked: Set<string>; url: string }> {
  const asked = new Set<string>();
  const sockets: Socket[] = [];
  const proxy: HttpServer = createServer();
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.add(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const onward = connectSocket(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    sockets.push(socket, onward);
    for (const each of [socket, onward]) each.on('error', () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { asked, url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}

/** Sends numbers on one stream, each when the one before was answered, until `isEnough`. @returns the answers */
async function converse(client: Client, isEnough: (answers: readonly number[]) => boolean): Promise<number[]> {
  const { path, requestSerialize, responseDeserialize } = echoService.echo;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const answers: number[] = [];
  call.write(0);
  for await (const answer of call) {
    answers.push(answer as number);
    if (isEnough(answers)) call.end();
    else call.write(answers.length);
  }
  return answers;
}

const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const fromJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString());
const codec = { requestSerialize: asJson, requestDeserialize: fromJson };
const echoService = {
  echo: {
    ...{ path: '/test.Echo/Echo', requestStream: true, responseStream: true },
    ...{ ...codec, responseSerialize: asJson, responseDeserialize: fromJson },
  },
};
const addEcho = (server: Server): void =>
  server.addService(echoService, {
    echo(call: ServerDuplexStream<number, number>) {
      call.on('data', (value: number) => call.write(value));
      call.on('end', () => call.end());
    },
  });

describe.each(['stream', 'rpc'] as const)('the way to the replicas, carrier %s', (carrier) => {
  it('leads through the proxy that the environment names, which is asked for the replicas', async () => {
    const nodes = await stage.startGroup(2);
    const proxy = await startProxy();
    vi.stubEnv('http_proxy', proxy.url);
    vi.stubEnv('no_proxy', '');
    expect(await add(connect(nodes, carrier))).toBe(1);
    await stage.until(() => proxy.asked.size === 2);
    expect([...proxy.asked].sort()).toEqual(nodes.map(({ address }) => address).sort());
  });

  it.each([
    { no_proxy: '127.0.0.1' },
    { no_proxy: '10.0.0.0/8,127.0.0.0/8' },
    { no_grpc_proxy: '127.0.0.1', no_proxy: '' },
  ])('leads past a proxy that is not meant for them: %j', async (environment) => {
    const nodes = await stage.startGroup(1);
    const proxy = await startProxy();
    vi.stubEnv('http_proxy', proxy.url);
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value as string);
    expect(await add(connect(nodes, carrier))).toBe(1);
    expect([...proxy.asked]).toEqual([]);
  });

  it('leads through the proxy for secure connections, too, which replicas ask for each other', async () => {
    const proxy = await startProxy();
    vi.stubEnv('https_proxy', proxy.url);
    vi.stubEnv('no_proxy', '');
    const nodes = await stage.startGroup(2);
    await stage.until(() => nodes[0]?.status.inSync.length === 2);
    // Each replica dials the other.
    expect([...proxy.asked].sort()).toEqual(nodes.map(({ address }) => address).sort());
    proxy.asked.clear();
    expect(await add(connect(nodes, carrier))).toBe(1);
    await stage.until(() => proxy.asked.size === 2);
  });

  it('may be known as that of one backup alone, from which the others are learned', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const nodes = await stage.startGroup(3);
    const client = connect(nodes.slice(2), carrier);
    expect(await add(client)).toBe(1);
    expect(understudyClient(client).status().primary).toBe(nodes[0]?.address);
    // The one that the target names goes, and then the primary.
    await nodes[2]?.end();
    nodes[0]?.crash();
    expect(await add(client)).toBe(2);
    expect(understudyClient(client).status().primary).toBe(nodes[1]?.address);
  });

  it('may be IPv6, to the next primary, too', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const nodes = [await stage.start('r1', {}, '[::1]:0'), await stage.start('r2', {}, '[::1]:0')] as const;
    const client = connect(nodes, carrier);
    expect(await add(client)).toBe(1);
    await stage.until(() => nodes[0].status.inSync.length === 2);
    nodes[0].crash();
    expect(await add(client)).toBe(2);
    expect(understudyClient(client).status().primary).toBe(nodes[1].address);
  });

  it('may be IPv6', async () => {
    const node = await stage.bind('r1', {}, '[::1]:0');
    await node.start();
    expect(node.address).toMatch(/^\[::1\]:\d+$/);
    expect(await add(connect([node], carrier))).toBe(1);
  });

  it('may be cut by servers that let no connection grow old, and a stream goes on with every message once', async () => {
    stage = new Stage(memoryCoordinator(), {}, [], addEcho, AGED);
    const client = connect(await stage.startGroup(2), carrier);
    logged.length = 0;
    const ended = () => logged.filter((event) => event === 'link ended').length;
    const answers = await converse(client, () => ended() >= 6);
    expect(answers).toEqual(answers.map((_answer, index) => index));
  });

  it('may be cut by servers that let no connection grow old, and no call fails', async () => {
    stage = new Stage(memoryCoordinator(), {}, [], undefined, AGED);
    const client = connect(await stage.startGroup(2), carrier);
    logged.length = 0;
    let value = 0;
    while (logged.filter((event) => event === 'link ended').length < 6) expect(await add(client)).toBe(++value);
  }, 30_000);
});
