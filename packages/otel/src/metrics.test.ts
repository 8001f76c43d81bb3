import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { createReplica } from '@understudy/server';
import { afterEach, expect, it } from 'vitest';
import { openTelemetry } from './index.js';
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
const meter = new MeterProvider({ readers: [reader] }).getMeter('test');

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

it('the metrics of a replica are what its status says, and its calls are counted by outcome', async () => {
  const telemetry = openTelemetry({ meter, attributes: { 'service.zone': 'a' } });
  const replica = createReplica({
    replicaId: 'echo-1',
    coordinator: memoryCoordinator(),
    state: 'none',
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
  await replica.start({ address: `127.0.0.1:${port}` });
  closers.push(
    () => server.forceShutdown(),
    () => replica.stop(),
  );
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closers.push(() => client.close());
  const call = (bytes: string) =>
    new Promise((resolve) => client.makeUnaryRequest(echo.path, identity, identity, Buffer.from(bytes), resolve));
  for (const bytes of ['a', 'b', 'long']) await call(bytes);

  let points = await collect();
  const measured = (name: string, also: object = {}): unknown => {
    const has = ({ attributes }: Point) => Object.entries(also).every(([key, value]) => attributes[key] === value);
    return points.find((point) => point.name === name && has(point))?.value;
  };
  expect(measured('understudy.calls', { 'rpc.grpc.status_code': 0 })).toBe(2);
  expect(measured('understudy.calls', { 'rpc.grpc.status_code': 9, 'rpc.method': 'Echo' })).toBe(1);
  expect(measured('understudy.order')).toBe(3);
  expect(measured('understudy.in_sync')).toBe(1);
  expect(measured('understudy.role', { 'understudy.role': 'primary' })).toBe(1);
  expect(measured('understudy.role', { 'understudy.role': 'backup' })).toBe(0);
  expect(measured('understudy.failovers')).toBe(1);
  expect(points[0]?.attributes).toMatchObject({ 'service.zone': 'a' });
  expect([...new Set(points.map(({ name }) => name))].sort()).toEqual([...METRICS].sort());

  stop();
  await call('c');
  points = await collect();
  expect(replica.status.processedUpTo).toBe(4);
  expect(measured('understudy.order')).not.toBe(4);
});

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

/** A name as Prometheus has it, without what exporters may add to it. */
const bare = (name: string): string => name.replaceAll(/\(_\w+\)\?|_bucket$/g, '').replaceAll('.', '_');

it('the panels of the dashboard show metrics that exist, and each metric has one', () => {
  const text = readFileSync(join(import.meta.dirname, '../dashboards/understudy.json'), 'utf8');
  const { panels } = JSON.parse(text) as Dashboard;
  const shown = panels.flatMap(({ title, targets }) => {
    const names = targets.flatMap(({ expr }) =>
      [...expr.matchAll(/__name__=~?"([^"]+)"/g)].map(([, name = '']) => bare(name)),
    );
    expect(names.length, title).toBeGreaterThan(0);
    return names;
  });
  expect([...new Set(shown)].sort()).toEqual(METRICS.map(bare).sort());
});
