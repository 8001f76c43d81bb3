import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { service } from 'grpc-health-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';
import { type check, healthIs, healthOf } from './testing/health-of.js';

const require = createRequire(import.meta.url);

let stage: Stage;
afterEach(() => stage.end());

describe('the health service', () => {
  it('says SERVING for the replicated service on the primary only, and follows a change of primary', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    const name = 'test.Counter';
    expect(await healthOf(primary, name)).toBe('SERVING');
    expect(await healthOf(backup, name)).toBe('NOT_SERVING');
    expect(await healthOf(primary, '')).toBe('SERVING');
    expect(await healthOf(backup, '')).toBe('NOT_SERVING');
    await primary.replica.stop();
    await stage.until(() => backup.status.role === 'primary');
    expect(await healthOf(backup, name)).toBe('SERVING');
    expect(await healthOf(primary, name)).toBe('NOT_SERVING');
  });

  it('says that a replica is ready once it is in sync, and alive until it stops, as its status does', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1');
    expect(await healthOf(primary, 'understudy.ready')).toBe('SERVING');
    const learner = await stage.bind('r2');
    let copied = (): void => {};
    const { counter }: { counter: { checkpoint(): Uint8Array | Promise<Uint8Array> } } = primary;
    counter.checkpoint = async () => {
      await new Promise<void>((resolve) => {
        copied = resolve;
      });
      return Buffer.from('{"value":0,"ids":[]}');
    };
    const starting = learner.start();
    await stage.until(() => learner.status.blocked?.includes('waits for a copy of the state') === true);
    expect(await healthOf(learner, 'understudy.ready')).toBe('NOT_SERVING');
    expect(await healthOf(learner, 'understudy.live')).toBe('SERVING');
    await stage.until(() => {
      copied();
      return learner.status.role === 'backup';
    });
    await starting;
    expect(learner.status.blocked).toBeUndefined();
    expect(await healthOf(learner, 'understudy.ready')).toBe('SERVING');
    await learner.replica.stop();
    expect(await healthOf(learner, 'understudy.ready')).toBe('NOT_SERVING');
    expect(await healthOf(learner, 'understudy.live')).toBe('NOT_SERVING');
  });

  it('says that the group is degraded as long as its primary has no backup although there is another member', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    expect(primary.status.degraded).toBeUndefined();
    expect(await healthOf(primary, 'understudy.degraded')).toBe('NOT_SERVING');
    backup.crash();
    await stage.until(() => primary.status.inSync.length === 1);
    expect(primary.status.degraded).toContain('no backup is in sync');
    await healthIs(primary, 'understudy.degraded', 'SERVING');
    expect(await healthOf(primary, 'understudy.ready')).toBe('SERVING');
    await stage.start('r2');
    await stage.until(() => primary.status.inSync.length === 2);
    expect(primary.status.degraded).toBeUndefined();
    await healthIs(primary, 'understudy.degraded', 'NOT_SERVING');
  });

  it('tells those who watch, and lists what it knows', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary] = (await stage.startGroup(1)) as [Node];
    const client = new Client(primary.address, credentials.createInsecure());
    const { Watch, List } = service as unknown as Record<'Watch' | 'List', typeof check>;
    const watch = client.makeServerStreamRequest(Watch.path, Watch.requestSerialize, Watch.responseDeserialize, {
      service: 'test.Counter',
    });
    watch.on('error', () => {});
    const first = await new Promise((resolve) => watch.once('data', resolve));
    expect(first).toMatchObject({ status: 'SERVING' });
    const next = new Promise((resolve) => watch.once('data', resolve));
    await primary.replica.stop();
    expect(await next).toMatchObject({ status: 'NOT_SERVING' });
    const listed = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(List.path, List.requestSerialize, List.responseDeserialize, {}, (error, reply) =>
        error === null ? resolve(reply) : reject(error),
      ),
    );
    expect(listed).toMatchObject({
      statuses: { '': { status: 'NOT_SERVING' }, 'test.Counter': { status: 'NOT_SERVING' } },
    });
    client.close();
  });

  it("stands aside for the server's own, and says so", async () => {
    stage = new Stage(memoryCoordinator(), {}, [], (server) =>
      server.addService(service, {
        check: (_call: unknown, callback: (error: null, reply: object) => void) =>
          callback(null, { status: 'SERVICE_UNKNOWN' }),
        list: () => {},
        watch: () => {},
      }),
    );
    const [primary] = (await stage.startGroup(1)) as [Node];
    expect(await healthOf(primary, 'test.Counter')).toBe('SERVICE_UNKNOWN');
    expect(stage.logged.filter((line) => line.startsWith('warn') && line.includes('health: false'))).toHaveLength(1);
  });

  it('serves from a bundle, far from any .proto file', async (context) => {
    const rolldown = await import('rolldown' as string).catch(() => undefined);
    if (rolldown === undefined) return context.skip('no bundler is installed');
    const folder = await mkdtemp(join(tmpdir(), 'understudy-bundle-'));
    try {
      const bundle = await rolldown.rolldown({ input: require.resolve('@understudy/server'), platform: 'node' });
      await bundle.write({ file: join(folder, 'server.cjs'), format: 'cjs' });
      const script = "process.stdout.write(typeof require('./server.cjs').createReplica)";
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: folder });
      expect(stdout).toBe('function');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
