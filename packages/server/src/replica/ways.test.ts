import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

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

  it('may be IPv6', async () => {
    const node = await stage.bind('r1', {}, '[::1]:0');
    await node.start();
    expect(node.address).toMatch(/^\[::1\]:\d+$/);
    expect(await add(connect([node], carrier))).toBe(1);
  });

  it('may be cut by servers that let no connection grow old, and no call fails', async () => {
    const options = { 'grpc.max_connection_age_ms': 200, 'grpc.max_connection_age_grace_ms': 50 };
    stage = new Stage(memoryCoordinator(), {}, [], undefined, options);
    const client = connect(await stage.startGroup(2), carrier);
    logged.length = 0;
    let value = 0;
    while (logged.filter((event) => event === 'link ended').length < 6) expect(await add(client)).toBe(++value);
  }, 30_000);
});
