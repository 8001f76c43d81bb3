import {
  Client,
  type ClientDuplexStream,
  credentials,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { service as healthService } from 'grpc-health-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReplica } from '../index.js';
import { adminService } from '../replica/admin.js';
import { listening, refuse, withMetadata } from '../testing/comparison/interceptors.js';
import { Counter } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const fromJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString());

function methodAt(path: string, streams = false) {
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: asJson,
    requestDeserialize: fromJson,
    responseSerialize: asJson,
    responseDeserialize: fromJson,
  };
}

/** A service with a unary and a streaming method, and the handlers' count of their calls. */
class Echo {
  calls = 0;
  readonly service: { readonly Ask: ReturnType<typeof methodAt>; readonly Talk: ReturnType<typeof methodAt> };

  constructor(name: string) {
    this.service = { Ask: methodAt(`/${name}/Ask`), Talk: methodAt(`/${name}/Talk`, true) };
  }

  readonly handlers = {
    Ask: (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>): void => {
      this.calls += 1;
      callback(null, { asked: call.request, way: call.metadata.get('x-way') });
    },
    Talk: (call: ServerDuplexStream<unknown, unknown>): void => {
      this.calls += 1;
      call.on('data', (message) => call.write(message));
      call.on('end', () => call.end());
    },
  };
}

/** Lets pass who shows a token, and counts who asks. */
class Doorman {
  readonly asked: string[] = [];

  readonly interceptor: ServerInterceptor = (method, call) =>
    listening({
      onReceiveMetadata: (metadata, pass) => {
        this.asked.push(method.path);
        if (metadata.get('token').length === 0) refuse(call, 'show a token');
        else pass(metadata);
      },
    })(method, call);
}

const marking = (name: string): ServerInterceptor =>
  listening({
    onReceiveMetadata: (metadata, pass) => {
      metadata.add('x-way', name);
      pass(metadata);
    },
  });

let stage: Stage;
let doorman: Doorman;
const echoes: Echo[] = [];
const debugs: Echo[] = [];
const clients: Client[] = [];

beforeEach(() => {
  doorman = new Doorman();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  echoes.length = 0;
  debugs.length = 0;
  await stage.end();
});

async function twoReplicas(): Promise<[Node, Node]> {
  stage = new Stage(memoryCoordinator(), {}, [doorman.interceptor, marking('near'), marking('far')], (server) => {
    const [echo, debug] = [new Echo('test.Echo'), new Echo('test.Debug')];
    echoes.push(echo);
    debugs.push(debug);
    server.addService(echo.service, echo.handlers);
    server.addService(debug.service, debug.handlers);
  });
  const primary = await stage.start('r1', { unreplicated: ['test.Debug'] });
  const backup = await stage.start('r2', { unreplicated: ['test.Debug'] });
  await stage.until(() => primary.status.inSync.length === 2);
  return [primary, backup];
}

const check = healthService.Check as unknown as ReturnType<typeof methodAt>;
const healthCheck = { ...check, requestSerialize: () => check.requestSerialize({ service: '' }) };

interface Heard {
  readonly code: number;
  readonly details?: string;
  readonly messages: unknown[];
}

const NO_TOKEN: Heard = { code: status.UNAUTHENTICATED, details: 'show a token', messages: [] };
const token = withMetadata('token', 't');

function ask(client: Client, method: ReturnType<typeof methodAt>, metadata: Metadata): Promise<Heard> {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'hello', metadata, (error, value) =>
      resolve(error === null ? { code: 0, messages: [value] } : failure(error, [])),
    ),
  );
}

function talk(client: Client, method: ReturnType<typeof methodAt>, metadata: Metadata): Promise<Heard> {
  const { path, requestSerialize, responseDeserialize } = method;
  const call: ClientDuplexStream<unknown, unknown> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    metadata,
  );
  const messages: unknown[] = [];
  call.on('data', (message) => messages.push(message));
  call.write('hello');
  call.end();
  return new Promise((resolve) => {
    call.on('error', (error: ServiceError) => resolve(failure(error, messages)));
    call.on('end', () => resolve({ code: 0, messages }));
  });
}

const failure = ({ code, details }: ServiceError, messages: unknown[]): Heard => ({ code, details, messages });

function plainClient({ address }: Node): Client {
  const client = new Client(address, credentials.createInsecure());
  clients.push(client);
  return client;
}

function sessionOf(nodes: readonly Node[], carrier: 'stream' | 'rpc'): Client {
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const options = replicated({ serviceConfig: stage.serviceConfig, carrier });
  const client = new Client(target, credentials.createInsecure(), options);
  clients.push({ close: () => void understudyClient(client).close() } as Client);
  return client;
}

const callers: Record<string, (nodes: readonly [Node, Node]) => Client> = {
  'a session that sends frames': (nodes) => sessionOf(nodes, 'stream'),
  'a session that sends RPCs': (nodes) => sessionOf(nodes, 'rpc'),
  'a client that knows nothing of replication': ([primary]) => plainClient(primary),
};

const asked = (path: string): number => doorman.asked.filter((each) => each === path).length;
const callsOf = (services: readonly Echo[]): number[] => services.map(({ calls }) => calls);

describe("the user's interceptors refuse and let pass", () => {
  it.each(Object.entries(callers))('replicated calls of %s', async (_name, connect) => {
    const nodes = await twoReplicas();
    const client = connect(nodes);
    const { Ask, Talk } = new Echo('test.Echo').service;
    for (const [perform, method] of [
      [ask, Ask],
      [talk, Talk],
    ] as const) {
      expect(await perform(client, method, withMetadata('other', '1'))).toEqual(NO_TOKEN);
      expect(callsOf(echoes)).toEqual(method === Ask ? [0, 0] : [1, 1]);
      expect(await perform(client, method, token)).toMatchObject({ code: 0 });
      await stage.until(() => nodes[1].status.processedUpTo === nodes[0].status.processedUpTo);
      // On the primary, once for each of the two calls.
      expect(asked(method.path)).toBe(2);
    }
    expect(callsOf(echoes)).toEqual([2, 2]);
  });

  it('retries by an idempotency key, which alone gets nobody the reply', async () => {
    const [primary] = await twoReplicas();
    const client = plainClient(primary);
    const { Ask } = new Echo('test.Echo').service;
    const keyed = (metadata: Metadata): Metadata => {
      const copy = metadata.clone();
      copy.set('idempotency-key', 'k');
      return copy;
    };
    // A refused caller occupies no key.
    expect(await ask(client, Ask, keyed(withMetadata('other', '1')))).toEqual(NO_TOKEN);
    const first = await ask(client, Ask, keyed(token));
    expect(first.code).toBe(0);
    expect(await ask(client, Ask, keyed(withMetadata('other', '1')))).toEqual(NO_TOKEN);
    expect(await ask(client, Ask, keyed(token))).toEqual(first);
    expect(asked(Ask.path)).toBe(4);
    await stage.until(() => callsOf(echoes).join() === '1,1');
  });

  it('calls of services that are not replicated, on the primary and on a backup', async () => {
    const nodes = await twoReplicas();
    for (const [index, node] of nodes.entries()) {
      const debug = debugs[index] as Echo;
      const { Ask, Talk } = debug.service;
      for (const [perform, method] of [
        [ask, Ask],
        [talk, Talk],
      ] as const) {
        const before = asked(method.path);
        expect(await perform(plainClient(node), method, withMetadata('other', '1'))).toEqual(NO_TOKEN);
        expect(debug.calls).toBe(method === Ask ? 0 : 1);
        expect(await perform(plainClient(node), method, token)).toMatchObject({ code: 0 });
        expect(asked(method.path) - before).toBe(2);
      }
      expect(debug.calls).toBe(2);
    }
  });

  it('calls of the health service, on the primary and on a backup, made by a session too', async () => {
    const nodes = await twoReplicas();
    for (const client of [...nodes.map(plainClient), sessionOf(nodes, 'stream')]) {
      expect(await ask(client, healthCheck, withMetadata('other', '1'))).toEqual(NO_TOKEN);
      const status = expect.stringMatching(/^(NOT_)?SERVING$/);
      expect(await ask(client, healthCheck, token)).toMatchObject({ code: 0, messages: [{ status }] });
    }
    expect(asked(healthCheck.path)).toBe(6);
  });
});

describe("the user's interceptors", () => {
  it('run in the same order as on a bare server, for services of both kinds', async () => {
    const users = [marking('near'), marking('middle'), marking('far')];
    const bare = new Server({ interceptors: [...users] });
    const echo = new Echo('test.Debug');
    bare.addService(echo.service, echo.handlers);
    const port = await new Promise<number>((resolve, reject) => {
      const done = (error: Error | null, bound: number) => (error === null ? resolve(bound) : reject(error));
      bare.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), done);
    });
    stage = new Stage(memoryCoordinator(), {}, users, (server) => {
      for (const name of ['test.Echo', 'test.Debug']) {
        const { service, handlers } = new Echo(name);
        server.addService(service, handlers);
      }
    });
    const node = await stage.start('r1', { unreplicated: ['test.Debug'] });
    const expected = await ask(plainClient({ address: `127.0.0.1:${port}` } as Node), echo.service.Ask, token);
    expect(expected.messages).toEqual([{ asked: 'hello', way: ['near', 'middle', 'far'] }]);
    for (const name of ['test.Echo', 'test.Debug']) {
      expect(await ask(plainClient(node), new Echo(name).service.Ask, token)).toEqual(expected);
    }
    bare.forceShutdown();
  });

  it('are not asked about calls that a backup refuses to everybody', async () => {
    const [, backup] = await twoReplicas();
    const { Ask } = new Echo('test.Echo').service;
    for (const metadata of [token, withMetadata('other', '1')]) {
      const { code, details } = await ask(plainClient(backup), Ask, metadata);
      expect({ code, details }).toMatchObject({ details: expect.stringContaining('UNDERSTUDY_NOT_PRIMARY') });
    }
    expect(doorman.asked).toEqual([]);
    expect(callsOf(echoes)).toEqual([0, 0]);
  });

  it('see neither the links of replicas and clients nor the Admin service', async () => {
    const nodes = await twoReplicas();
    const client = sessionOf(nodes, 'stream');
    expect(await ask(client, new Echo('test.Echo').service.Ask, token)).toMatchObject({ code: 0 });
    const { path } = adminService.Status;
    const status = { ...methodAt(path), requestSerialize: () => Buffer.alloc(0), responseDeserialize: String };
    expect((await ask(plainClient(nodes[0]), status as never, withMetadata('other', '1'))).code).toBe(0);
    expect(doorman.asked).toEqual(['/test.Echo/Ask']);
  });

  it('may not stand beside those of the replica, where calls in frames would pass them by', () => {
    stage = new Stage(memoryCoordinator());
    const replica = createReplica({
      replicaId: 'r1',
      coordinator: stage.coordinator,
      serviceConfig: stage.serviceConfig,
      state: new Counter(),
      handleSignals: false,
    });
    const server = new Server({ interceptors: [doorman.interceptor, ...replica.interceptors()] });
    expect(() => replica.attach(server)).toThrow(/UNDERSTUDY_SETUP.*replica\.interceptors\(\[/);
  });
});
