/**
 * Three replicas and a client in one process, which `@opentelemetry/instrumentation-grpc` instruments as it comes. Callers A, B
 * and C each make calls in a trace of their own; before C's the primary dies. Prints all spans as JSON.
 *
 * node traced.js stream|rpc [backups|none]
 */
// biome-ignore assist/source/organizeImports: grpc-js must be loaded after it was instrumented
import { exporter } from './instrument.js';
import {
  type Client,
  credentials,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import type { Carrier } from '@understudy/core';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { createReplica, type ReplicaServer } from '@understudy/server';
import { openTelemetry } from '../index.js';

const encode = (value: number): Buffer => Buffer.from(String(value));
const decode = (bytes: Buffer): number => Number(bytes.toString());
const method = (name: string, streams: boolean) => ({
  path: `/test.Adding/${name}`,
  requestStream: streams,
  responseStream: streams,
  requestSerialize: encode,
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: decode,
});
const service = { add: method('Add', false), chat: method('Chat', true) };
const AddingClient = makeClientConstructor(service, 'test.Adding');
interface AddingStub extends Client {
  add(by: number, done: (error: Error | null, sum?: number) => void): void;
  chat(): ServerDuplexStream<number, number>;
}

const [, , carrier = 'stream', asked] = process.argv;
const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'adding', leaseMs: 300, carrier } }] };
const tracer = trace.getTracer('test');
/** Events that replicas have logged. */
const events = new Set<string>();

/** Work of a handler that is a span of its own, after something was awaited. The primary alone logs it. */
const work = async (id: string, name: string): Promise<void> => {
  await Promise.resolve();
  if (id === 'r1') logs.getLogger('test').emit({ body: name });
  tracer.startSpan(name, { attributes: { replica: id } }).end();
};

async function start(id: string, coordinator: ReturnType<typeof memoryCoordinator>) {
  let sum = 0;
  const replica = createReplica({
    replicaId: id,
    coordinator,
    state: {
      checkpoint: () => encode(sum),
      restore: (bytes) => {
        sum = decode(Buffer.from(bytes));
      },
    },
    serviceConfig,
    logger: { log: (_level, event) => events.add(event) },
    handleSignals: false,
    ...(asked !== 'none' && { tracing: openTelemetry({ backups: asked === 'backups' }) }),
  });
  const server = new Server({ interceptors: replica.interceptors() });
  replica.attach(server);
  server.addService(service, {
    add: async (call: ServerUnaryCall<number, number>, done: sendUnaryData<number>) => {
      await work(id, 'work');
      sum += call.request;
      done(null, sum);
    },
    chat: (call: ServerDuplexStream<number, number>) => {
      call.on('data', (by: number) => {
        sum += by;
        tracer.startSpan('part', { attributes: { replica: id } }).end();
        call.write(sum);
      });
      call.on('end', () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  await replica.start({ address: `127.0.0.1:${port}` });
  return { replica, server, address: `127.0.0.1:${port}` };
}

const crash = (replica: ReplicaServer): void => (replica as unknown as { crash(): void }).crash();

async function main(): Promise<void> {
  const coordinator = memoryCoordinator();
  const group = [await start('r1', coordinator), await start('r2', coordinator), await start('r3', coordinator)];
  const target = `understudy:///${group.map(({ address }) => address).join(',')}`;
  const options = replicated({ serviceConfig, carrier: carrier as Carrier, logger: 'none' });
  const client = new AddingClient(target, credentials.createInsecure(), options) as unknown as AddingStub;
  const add = (by: number): Promise<number> =>
    new Promise((resolve, reject) => {
      client.add(by, (error, sum) => (error === null ? resolve(sum ?? 0) : reject(error)));
    });
  const chat = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const call = client.chat();
      call.on('data', () => call.end());
      call.on('end', resolve);
      call.on('error', reject);
      call.write(1);
    });
  const caller = (name: string, calls: () => Promise<unknown>): Promise<void> =>
    tracer.startActiveSpan(name, async (span) => {
      await calls();
      tracer.startSpan(`${name} done`).end();
      span.end();
    });

  await caller('A', () => add(1));
  await Promise.all([caller('B', () => add(1)), caller('B2', chat)]);
  crash(group[0]?.replica as ReplicaServer);
  await caller('C', () => add(1));
  await understudyClient(client).close();
  for (const { replica, server } of group.slice(1).reverse()) {
    await replica.stop();
    server.forceShutdown();
  }
  if (events.has('UNDERSTUDY_DIVERGED')) throw new Error('telemetry has changed what handlers do');
  const spans = exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    kind: span.kind,
    trace: span.spanContext().traceId,
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId,
    attributes: span.attributes,
  }));
  console.log(JSON.stringify(spans));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
