import {
  Client,
  credentials,
  Metadata,
  Server,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import {
  implementationOf,
  jsonBytes,
  type Method,
  type Running,
  serve,
  serveCaptured,
  serviceOf,
} from '../testing/comparison/side-by-side.js';
import type { Arrival, StreamArrival } from './arrival.js';
import type { Callback, CapturedMethod } from './captured.js';
import { HandlerRegistry } from './registry.js';

const answering = (reply: unknown, definition: Method['definition'] = {}): Method =>
  ({ handler: (_call: unknown, cb: Callback) => cb(null, reply), definition }) as Method;

const open: Running[] = [];
afterEach(() => {
  for (const side of open.splice(0)) side.close();
});

/** A server with a registry whose gateway answers with a word of its own. */
function attached(unreplicated: string[] = [], server = new Server()) {
  const arrivals: Arrival[] = [];
  const streams: StreamArrival[] = [];
  const registry = new HandlerRegistry({
    gateway: {
      onCall: (arrival) => {
        arrivals.push(arrival);
        arrival.callback(null, jsonBytes('from the gateway'));
      },
      onStream: (arrival) => {
        streams.push(arrival);
        if (arrival.kind === 'clientStream') {
          arrival.call.resume().on('end', () => arrival.callback(null, jsonBytes('from the gateway')));
        } else {
          arrival.call.write(jsonBytes('from the gateway'));
          arrival.call.end();
        }
      },
    },
    unreplicated,
  });
  registry.attach(server);
  const add = (methods: Record<string, Method>) => server.addService(serviceOf(methods), implementationOf(methods));
  return { registry, server, arrivals, streams, add };
}

async function started(server: Server): Promise<Running> {
  const running = await serve(server);
  open.push(running);
  return running;
}

describe("the registry of a server's handlers", () => {
  it('captures unary methods and hands their calls to the gateway as bytes', async () => {
    const { registry, server, arrivals, add } = attached();
    add({ one: answering('from the handler') });
    const running = await started(server);
    expect((await running.call('one', { bytes: Buffer.from([1, 2]) })).value).toBe('"from the gateway"');
    expect(arrivals.map(({ path, call }) => [path, call.request])).toEqual([
      ['/test.Service/one', Buffer.from([1, 2])],
    ]);
    expect([...registry.methods.keys()]).toEqual(['/test.Service/one']);
  });

  it('gives the gateway empty requests too', async () => {
    const { server, arrivals, add } = attached();
    add({ one: answering(1) });
    const running = await started(server);
    await running.call('one', { bytes: Buffer.alloc(0) });
    expect(arrivals.map(({ call }) => call.request)).toEqual([Buffer.alloc(0)]);
  });

  it('binds handlers to their implementation, as grpc-js does', () => {
    const { registry, server } = attached();
    class Bank {
      readonly name = 'the bank';
      one(_call: unknown, cb: Callback): void {
        cb(null, this.name);
      }
    }
    server.addService(serviceOf({ one: answering(1) }), new Bank() as never);
    const replies: unknown[] = [];
    registry.unary('/test.Service/one')?.handler({} as ServerUnaryCall<unknown, unknown>, (_e, v) => replies.push(v));
    expect(replies).toEqual(['the bank']);
  });

  it.each([
    ['NO_SIDE_EFFECTS', true],
    [1, true],
    ['IDEMPOTENT', false],
    ['IDEMPOTENCY_UNKNOWN', false],
    [2, false],
  ])('takes idempotency_level %s as read-only: %s', (level, readOnly) => {
    const { registry, add } = attached();
    add({ one: answering(1, { options: { idempotency_level: level } }), two: answering(2) });
    expect(registry.get('/test.Service/one')?.readOnly).toBe(readOnly);
    expect(registry.get('/test.Service/two')?.readOnly).toBe(false);
  });

  it.each([
    '/grpc.health.v1.Health/Check',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    '/understudy.v1.Replication/FanOut',
    '/my.Metrics/Get',
    '/my.tools.deep.Tool/Use',
  ])('does not capture %s', async (path) => {
    const { registry, server, add } = attached(['my.Metrics', 'my.tools.*']);
    add({ one: answering('from the handler', { path }) });
    const running = await started(server);
    const client = new Client(`127.0.0.1:${running.port}`, credentials.createInsecure());
    const value = await new Promise((resolve) =>
      client.makeUnaryRequest(path, jsonBytes, String, 1, (_error, reply) => resolve(reply)),
    );
    client.close();
    expect(value).toBe('"from the handler"');
    expect(registry.get(path)).toBeUndefined();
  });

  it.each(['/grpc.health.v1.Healthy/Check', '/my.MetricsToo/Get', '/my.toolset/Use', '/understudy.v1x.A/B'])(
    'captures %s, which only resembles an unreplicated service',
    (path) => {
      const { registry, add } = attached(['my.Metrics', 'my.tools.*']);
      add({ one: answering(1, { path }) });
      expect(registry.get(path)?.path).toBe(path);
    },
  );

  it('lets a replacement of `register` that came earlier, or comes later, still be called', async () => {
    const seen: string[] = [];
    const registry = new HandlerRegistry({
      gateway: { onCall: ({ callback }) => callback(null, jsonBytes('gateway')), onStream: () => {} },
    });
    const server = new Server();
    const before = server.register.bind(server);
    server.register = ((...args: Parameters<typeof before>) => {
      seen.push(`before ${args[0]}`);
      return before(...args);
    }) as typeof server.register;
    registry.attach(server);
    const after = server.register.bind(server);
    server.register = ((...args: Parameters<typeof after>) => {
      seen.push(`after ${args[0]}`);
      return after(...args);
    }) as typeof server.register;
    const methods = { one: answering(1) };
    server.addService(serviceOf(methods), implementationOf(methods));
    expect(seen).toEqual(['after /test.Service/one', 'before /test.Service/one']);
    expect((await (await started(server)).call('one')).value).toBe('"gateway"');
  });

  it("captures a method that is registered without a definition, without the client's half of its codec", () => {
    const { registry, server } = attached();
    const handler = (_call: unknown, cb: Callback) => cb(null, 1);
    expect(server.register('/a.B/c', handler, jsonBytes, String, 'unary')).toBe(true);
    expect(registry.get('/a.B/c')).toMatchObject({ readOnly: false, requestSerialize: undefined });
  });

  it('keeps the first handler when a path is registered again, as grpc-js does', () => {
    const { registry, server, add } = attached();
    add({ one: answering(1) });
    const first = registry.get('/test.Service/one');
    expect(() => add({ one: answering(2) })).toThrow('already provided');
    expect(server.register('/test.Service/one', () => {}, jsonBytes, String, 'unary')).toBe(false);
    expect(registry.get('/test.Service/one')).toBe(first);
  });

  it('forgets the methods of a service that is removed', () => {
    const { registry, server, add } = attached();
    const methods = { one: answering(1) };
    add(methods);
    server.removeService(serviceOf(methods));
    expect(registry.methods.size).toBe(0);
  });

  it('refuses what grpc-js refuses', () => {
    const { server } = attached();
    expect(() => server.addService(null as never, {})).toThrow('two objects');
    expect(() => server.addService({}, {})).toThrow('empty service');
  });

  it('takes one server only', () => {
    const { registry } = attached();
    expect(() => registry.attach(new Server())).toThrow(expect.objectContaining({ code: 'UNDERSTUDY_SETUP' }));
  });
});

describe('attaching a server whose limits of message size are too low', () => {
  const attachTo = (options: ServerOptions) => () => attached([], new Server(options));

  it.each(['grpc.max_receive_message_length', 'grpc.max_send_message_length'])(
    'is refused with the name of the limit: %s',
    (name) => {
      expect(attachTo({ [name]: MESSAGE_BYTES_MAX - 1 })).toThrow(
        expect.objectContaining({ code: 'UNDERSTUDY_SETUP', message: expect.stringContaining(name) }),
      );
      expect(attachTo({ [name]: MESSAGE_BYTES_MAX })).not.toThrow();
      expect(attachTo({ [name]: -1 })).not.toThrow();
    },
  );
});

describe('a streaming method', () => {
  const streaming: [CapturedMethod['kind'], boolean, boolean][] = [
    ['clientStream', true, false],
    ['serverStream', false, true],
    ['bidi', true, true],
  ];

  it.each(streaming)('is captured, and its calls are handed to the gateway: %s', async (kind, ...streams) => {
    const [requestStream, responseStream] = streams;
    const gateway = attached();
    const handler = () => {};
    gateway.add({ watch: { handler, definition: { requestStream, responseStream } } as Method });
    const path = '/test.Service/watch';
    const captured = gateway.registry.get(path);
    expect(captured).toMatchObject({ kind, path, descriptor: { path, requestStream, responseStream } });
    expect(gateway.registry.unary(path)).toBeUndefined();
    const running = await started(gateway.server);
    const client = new Client(`127.0.0.1:${running.port}`, credentials.createInsecure());
    const call = client.makeBidiStreamRequest(path, jsonBytes, String);
    const answered = new Promise((resolve) => call.on('data', resolve));
    call.end({ text: 'hello' });
    expect(await answered).toBe('"from the gateway"');
    expect(gateway.streams).toMatchObject([{ kind, path }]);
    const [arrival] = gateway.streams;
    if (arrival?.kind === 'serverStream') expect(arrival.call.request).toEqual(jsonBytes({ text: 'hello' }));
    client.close();
  });

  it.each(streaming)('can be refused before its handler starts: %s', async (_kind, requestStream, responseStream) => {
    let ran = 0;
    const handler = () => void ran++;
    const server = await serveCaptured({
      watch: { handler, definition: { requestStream, responseStream } } as Method,
      one: answering('ok'),
    });
    open.push(server);
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    const call = client.makeBidiStreamRequest('/test.Service/watch', jsonBytes, String);
    const ended = new Promise<{ code: number; metadata: Metadata }>((resolve) => call.on('status', resolve));
    call.on('error', () => {});
    call.on('data', () => {});
    for (let i = 0; i < (requestStream ? 3 : 1); i++) call.write({ i });
    if (!requestStream) call.end();
    const { code, metadata } = await ended;
    expect(code).toBe(status.UNIMPLEMENTED);
    expect(metadata.get('understudy-code')).toEqual(['UNDERSTUDY_UNSUPPORTED']);
    expect(ran).toBe(0);
    expect((await server.call('one')).value).toBe('"ok"');
    client.close();
  });

  it('goes on as before if its service is not replicated', async () => {
    const { server, add } = attached();
    const handler = (call: ServerDuplexStream<unknown, unknown>) => {
      call.on('data', (data) => call.write(data));
      call.on('end', () => call.end());
    };
    const path = '/understudy.v1.Replication/Multicast';
    add({ multicast: { handler, definition: { path, requestStream: true, responseStream: true } } as Method });
    const running = await started(server);
    const client = new Client(`127.0.0.1:${running.port}`, credentials.createInsecure());
    const call = client.makeBidiStreamRequest(path, jsonBytes, String, new Metadata());
    const echoed = new Promise((resolve) => call.on('data', resolve));
    call.end('over there');
    expect(await echoed).toBe('"over there"');
    client.close();
  });
});
