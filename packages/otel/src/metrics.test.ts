import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { type CoordinatorFactory, createReplica } from '@understudy/server';
import { afterEach, expect, it } from 'vitest';
import { openTelemetry, type Telemetry } from './index.js';
import { METRICS } from './names.js';

const NEVER_MS = 2_000_000_000;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const identity = (bytes: Buffer): Buffer => bytes;
const echo = {
  path: '/test.Echo/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
} as const;

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER_MS });
const prometheus = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [reader, prometheus] }).getMeter('test');

interface Point {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

async function collect(): Promise<Point[]> {
  exporter.reset();
  await reader.forceFlush();
  return exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics)
    .flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ name: descriptor.name, attributes, value })),
    );
}

const valueIn = (points: readonly Point[], name: string, also: object = {}): unknown => {
  const has = ({ attributes }: Point) => Object.entries(also).every(([key, value]) => attributes[key] === value);
  return points.find((point) => point.name === name && has(point))?.value;
};

const namesOf = (points: readonly Point[]): string[] => [...new Set(points.map(({ name }) => name))].sort();

/** What a replica has nothing to measure for before it has copied its state, or has become primary after another one. */
const LATER = ['understudy.checkpoint.size', 'understudy.checkpoint.age', 'understudy.failover.phase.duration'];

/** A replica of the echo, bound and about to start. */
async function bind(id: string, coordinator: CoordinatorFactory, telemetry: Telemetry) {
  const replica = createReplica({
    replicaId: id,
    coordinator,
    state: { checkpoint: () => Buffer.from('12345'), restore: () => {} },
    serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'echo' } }] },
    logger: 'none',
    handleSignals: false,
    tracing: telemetry,
  });
  const stop = telemetry.observe(replica);
  const server = new Server({ interceptors: replica.interceptors() });
  replica.attach(server);
  const handler: handleUnaryCall<Buffer, Buffer> = ({ request }, done) =>
    request.length > 1 ? done({ code: 9 }) : done(null, request);
  server.addService({ echo }, { echo: handler });
  const port = await new Promise<number>((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, bound) => resolve(bound));
  });
  closers.push(
    () => server.forceShutdown(),
    () => replica.stop(),
  );
  return { replica, stop, port, start: () => replica.start({ address: `127.0.0.1:${port}` }) };
}

it('the metrics of a replica are what its status says, and its calls are counted by outcome', async () => {
  const telemetry = openTelemetry({ meter, attributes: { 'service.zone': 'a' } });
  const coordinator = memoryCoordinator();
  const { replica, stop, port, start } = await bind('echo-1', coordinator, telemetry);
  await start();
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closers.push(() => client.close());
  const call = (bytes: string) =>
    new Promise((resolve) => client.makeUnaryRequest(echo.path, identity, identity, Buffer.from(bytes), resolve));
  for (const bytes of ['a', 'b', 'long']) await call(bytes);

  let points = await collect();
  const measured = (name: string, also?: object): unknown => valueIn(points, name, also);
  expect(measured('understudy.calls', { 'rpc.grpc.status_code': 0 })).toBe(2);
  expect(measured('understudy.calls', { 'rpc.grpc.status_code': 9, 'rpc.method': 'Echo' })).toBe(1);
  expect(measured('understudy.order')).toBe(3);
  expect(measured('understudy.in_sync')).toBe(1);
  expect(measured('understudy.role', { 'understudy.role': 'primary' })).toBe(1);
  expect(measured('understudy.role', { 'understudy.role': 'backup' })).toBe(0);
  expect(measured('understudy.failovers')).toBe(1);
  expect(points[0]?.attributes).toMatchObject({ 'service.zone': 'a' });
  expect(namesOf(points)).toEqual(METRICS.filter((name) => !LATER.includes(name)).sort());

  stop();
  await call('c');
  points = await collect();
  expect(replica.status.processedUpTo).toBe(4);
  expect(measured('understudy.order')).not.toBe(4);
});

it('the copies of the state and the phases of a failover are measured, and Prometheus has all metrics by the names that the dashboard asks for', async () => {
  const telemetry = openTelemetry({ meter });
  const coordinator = memoryCoordinator();
  const first = await bind('echo-1', coordinator, telemetry);
  await first.start();
  const second = await bind('echo-2', coordinator, telemetry);
  await second.start();
  const promoted = new Promise<void>((resolve) => {
    second.replica.on('role', ({ role }) => role === 'primary' && resolve());
  });
  const client = new Client(`127.0.0.1:${first.port}`, credentials.createInsecure());
  await new Promise((resolve) => client.makeUnaryRequest(echo.path, identity, identity, Buffer.from('a'), resolve));
  client.close();
  (first.replica as unknown as { crash(): void }).crash();
  await promoted;

  const points = await collect();
  for (const id of ['echo-1', 'echo-2']) {
    const of = { 'understudy.replica': id };
    expect(valueIn(points, 'understudy.checkpoint.size', of)).toBe(5);
    expect(valueIn(points, 'understudy.checkpoint.age', of)).toBeGreaterThan(0);
  }
  for (const phase of ['claim', 'collection', 'replay'])
    expect(valueIn(points, 'understudy.failover.phase.duration', { 'understudy.phase': phase })).toMatchObject({
      count: 1,
    });
  const { claimMs = 0, collectionMs = 0, replayMs = -1 } = second.replica.status.lastPromotion ?? {};
  expect([claimMs, collectionMs].every((ms) => ms > 0)).toBe(true);
  expect(replayMs).toBeGreaterThanOrEqual(0);
  expect(namesOf(points)).toEqual([...METRICS].sort());

  const { resourceMetrics } = await prometheus.collect();
  const text = new PrometheusSerializer().serialize(resourceMetrics);
  const names = [...new Set([...text.matchAll(/^(\w+)[{ ]/gm)].map(([, name = '']) => name))];
  const asked = panels().flatMap(({ targets }) => targets.flatMap(({ expr }) => matchersIn(expr)));
  expect(asked.filter((one) => !names.some((name) => new RegExp(`^(?:${one})$`).test(name)))).toEqual([]);
  const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label));
  const used = panels().flatMap(({ targets }) => targets.flatMap(({ expr }) => labelsIn(expr)));
  expect(used.filter((label) => !labels.has(label))).toEqual([]);
});

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

/** A name as Prometheus has it, without what exporters may add to it. */
const bare = (name: string): string => name.replaceAll(/\(_\w+\)\?|_(bucket|sum|count)$/g, '').replaceAll('.', '_');

const panels = (): Dashboard['panels'] =>
  (JSON.parse(readFileSync(join(import.meta.dirname, '../dashboards/understudy.json'), 'utf8')) as Dashboard).panels;

/** The names of metrics that an expression asks for, as regular expressions. */
const matchersIn = (expr: string): string[] => [...expr.matchAll(/__name__=~?"([^"]+)"/g)].map(([, name = '']) => name);

/** The labels by which an expression chooses and sums. */
const labelsIn = (expr: string): string[] => [
  ...[...expr.matchAll(/[{,](understudy\w+|rpc\w+)=/g)].map(([, label = '']) => label),
  ...[...expr.matchAll(/by \((\w+)\)/g)].map(([, label = '']) => label),
];

it('the panels of the dashboard show metrics that exist, and each metric has one', () => {
  const shown = panels().flatMap(({ title, targets }) => {
    const names = targets.flatMap(({ expr }) => matchersIn(expr).map(bare));
    expect(names.length, title).toBeGreaterThan(0);
    return names;
  });
  expect([...new Set(shown)].sort()).toEqual(METRICS.map(bare).sort());
});
