import {
  Client,
  credentials,
  type handleUnaryCall,
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { expect, it } from 'vitest';
import { SHORT_LEASE_MS, Stage } from '../../server/src/testing/stage.js';
import { openTelemetry } from './index.js';

/** What must not be told, each with a mark by which it is found. What handlers throw may be told: it is the user's word. */
const SECRET = 'MARK-secret of the group';
const TOKEN = 'MARK-token';
const KEY = 'MARK-key';
const BODY = 'MARK-body';
const THROWN = 'the text of an error';

const text = (bytes: Buffer): string => bytes.toString();
const method = (name: string) => ({
  path: `/test.Teller/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => {
    if (bytes.includes('unreadable')) throw new Error(`cannot read ${text(bytes)}`);
    return text(bytes);
  },
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: text,
});
const Teller = { Say: method('Say'), Throw: method('Throw'), Differ: method('Differ'), Die: method('Die') };

/** Looks at every request, and lets in whoever has the token. */
const checking: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, pass) => {
          if (metadata.get('authorization')[0] === TOKEN) pass(metadata);
          else call.sendStatus({ code: Status.UNAUTHENTICATED, details: 'no token' });
        },
        onReceiveMessage: (message, pass) => pass(message),
      }),
  });

it('messages, tokens, keys and secrets are in no log, status or metric, whatever happens to calls and replicas', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2_000_000_000 });
  const telemetry = openTelemetry({ meter: new MeterProvider({ readers: [reader] }).getMeter('test') });

  const said = new Map<string, string[]>();
  const stage: Stage = new Stage(
    memoryCoordinator(),
    { leaseMs: SHORT_LEASE_MS, poisonAfter: 1 },
    [checking],
    (server) => {
      const node = () => stage.nodes.find((one) => one.server === server);
      const say: handleUnaryCall<string, string> = ({ request }, reply) => {
        const id = node()?.status.replica.id ?? '';
        said.set(id, [...(said.get(id) ?? []), request]);
        reply(null, `${request}, too`);
      };
      server.addService(Teller, {
        Say: say,
        Throw: () => {
          throw new Error(THROWN);
        },
        Differ: (_call: unknown, reply: (error: null, value: string) => void) =>
          reply(null, `${BODY} ${node()?.status.replica.id}`),
        Die: () => node()?.crash(),
      });
    },
  );
  const nodes = [];
  for (const id of ['r1', 'r2', 'r3']) {
    const node = await stage.bind(id, { groupSecret: SECRET, tracing: telemetry });
    telemetry.observe(node.replica);
    nodes.push(node);
    await node.start();
  }
  const [first] = nodes as [(typeof nodes)[number]];
  const told: string[] = [];
  const look = (): void => {
    for (const { status } of nodes) told.push(JSON.stringify(status));
  };
  await stage.until(() => first.status.inSync.length === 3);
  const lives = first.status.inSync;

  const target = `understudy:///${nodes.map(({ address }) => address).join(',')}`;
  const options = { serviceConfig: stage.serviceConfig as never, logger: stage.logger };
  const client = new Client(target, credentials.createInsecure(), replicated(options));
  const plain = new Client(first.address, credentials.createInsecure());
  const call = (
    by: Client,
    name: keyof typeof Teller,
    request: string,
    token = TOKEN,
    key = `${KEY} ${request}`,
  ): Promise<StatusObject> => {
    const metadata = new Metadata();
    metadata.set('authorization', token);
    metadata.set('idempotency-key', key);
    const { path, requestSerialize, responseDeserialize } = Teller[name];
    return new Promise((resolve) => {
      by.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, () => {}).on(
        'status',
        (one) => {
          look();
          resolve(one);
        },
      );
    });
  };

  for (const by of [client, plain]) {
    expect((await call(by, 'Say', BODY)).code).toBe(0);
    expect((await call(by, 'Say', BODY, 'MARK-token of somebody else')).code).toBe(Status.UNAUTHENTICATED);
    expect((await call(by, 'Say', `${BODY} unreadable`)).code).toBe(Status.INTERNAL);
    expect((await call(by, 'Throw', BODY)).code).toBe(Status.UNKNOWN);
  }
  // The same key with another request.
  await call(plain, 'Say', BODY, TOKEN, KEY);
  expect((await call(plain, 'Say', `${BODY}, another`, TOKEN, KEY)).details).toContain('UNDERSTUDY_KEY_REUSED');
  expect((await call(client, 'Differ', BODY)).code).toBe(0);
  // Both backups differ, so each leaves and comes back in another life.
  const before = new Set(lives.map(({ incarnation }) => incarnation));
  await stage.until(() => {
    const { inSync } = first.status;
    return inSync.length === 3 && inSync.filter(({ incarnation }) => before.has(incarnation)).length === 1;
  });
  expect((await call(client, 'Die', BODY)).details).toContain('UNDERSTUDY_POISON');
  expect(nodes.some(({ status }) => status.poisoned.length === 1)).toBe(true);
  expect((await call(client, 'Say', BODY)).code).toBe(0);
  await reader.forceFlush();
  told.push(JSON.stringify(exporter.getMetrics()));
  look();
  await understudyClient(client).close();
  plain.close();
  await stage.end();

  expect(stage.logged.some((line) => line.includes('a handler failed') && line.includes(THROWN))).toBe(true);
  expect([...told, ...stage.logged].filter((line) => line.includes('MARK'))).toEqual([]);
});
