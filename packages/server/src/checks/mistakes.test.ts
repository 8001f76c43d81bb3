import { Server, ServerCredentials } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { createReplica, type ReplicaServerOptions } from '../index.js';
import { Counter } from '../testing/counter.js';
import { Stage } from '../testing/stage.js';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.end();
  stage = undefined;
});

const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'counters' } }] };
const options: ReplicaServerOptions = {
  replicaId: 'r1',
  address: '127.0.0.1:1',
  coordinator: memoryCoordinator(),
  state: new Counter(),
  serviceConfig,
  handleSignals: false,
};

const configOf = (name: object) => ({
  loadBalancingConfig: [{ understudy: { group: 'counters', methods: [{ name: [name], readOnly: true }] } }],
});

const bind = (server: Server, address: string): Promise<{ error: Error | null; port: number }> =>
  new Promise((resolve) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => resolve({ error, port }));
  });

describe('a mistake is an error at once, which says what to do:', () => {
  it('no state, or half of one', () => {
    const { state: _state, ...without } = options;
    expect(() => createReplica(without as ReplicaServerOptions)).toThrow(/UNDERSTUDY_SETUP.*state: 'none'/);
    const half = { checkpoint: () => Buffer.alloc(0) } as unknown as Counter;
    expect(() => createReplica({ ...options, state: half })).toThrow('`state` has no restore()');
  });

  it('a state that cannot be copied', async () => {
    stage = new Stage(memoryCoordinator());
    const throws = () => {
      throw new Error('disk on fire');
    };
    const broken = await stage.bind('r1', { state: { checkpoint: throws, restore() {} } });
    await expect(broken.start()).rejects.toThrow(/UNDERSTUDY_SETUP: state.checkpoint\(\) failed.*disk on fire/);
    const text = await stage.bind('r2', { state: { checkpoint: () => 'text' as never, restore() {} } });
    await expect(text.start()).rejects.toThrow('returned string; it must return a Uint8Array');
    // Nobody has joined or created the group.
    expect(await stage.coordinator('counters').read()).toBeUndefined();
  });

  it.each(['0.0.0.0:50051', '[::]:50051', '127.0.0.1:0'])('the address %s', async (address) => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.bind('r1');
    await expect(node.replica.start({ address })).rejects.toThrow('UNDERSTUDY_SETUP: the address');
  });

  it('a server that is not bound, because nobody did it or because its port is in use', async () => {
    const replica = createReplica(options);
    const server = new Server({ interceptors: replica.interceptors() });
    replica.attach(server);
    await expect(replica.start()).rejects.toThrow(
      'UNDERSTUDY_SETUP: the server is not bound (bindAsync was not called',
    );
    const other = new Server();
    const { port } = await bind(other, '127.0.0.1:0');
    const late = createReplica(options);
    const unbound = new Server({ interceptors: late.interceptors() });
    late.attach(unbound);
    expect((await bind(unbound, `127.0.0.1:${port}`)).error).not.toBeNull();
    await expect(late.start()).rejects.toThrow('EADDRINUSE');
    other.forceShutdown();
  });

  it.each([
    [{ service: 'test.Counter', method: 'Gett' }, 'the method test.Counter/Gett'],
    [{ service: 'test.Kounter', method: 'Get' }, 'the method test.Kounter/Get'],
    [{ service: 'test.Kounter' }, 'the service test.Kounter'],
  ])('a service config that names %o', async (name, said) => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.bind('r1', { serviceConfig: configOf(name) });
    await expect(node.start()).rejects.toThrow(/UNDERSTUDY_CONFIG.*test.Counter/);
    const again = await stage.bind('r1', { serviceConfig: configOf(name) });
    await expect(again.start()).rejects.toThrow(said);
  });

  it('a name that another process has', async () => {
    stage = new Stage(memoryCoordinator());
    const first = await stage.start('r1');
    const twin = await stage.bind('r1');
    await expect(twin.start()).rejects.toThrow(
      `UNDERSTUDY_SETUP: another process runs as replica r1 at ${first.address}`,
    );
    expect(await first.add('a', 1)).toEqual({ error: null, value: 1 });
  });
});

describe('two processes of one name that start in the same moment', () => {
  it('do not both run', async () => {
    stage = new Stage(memoryCoordinator());
    const both = await Promise.all([stage.bind('r1'), stage.bind('r1')]);
    const ends = await Promise.allSettled(both.map((node) => node.start()));
    const refused = ends.filter((end) => end.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(String(reason)).toContain('another process runs as replica r1');
  });
});

describe('a service without state', () => {
  it("says state: 'none'", async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1', { state: 'none' });
    await stage.start('r2', { state: 'none' });
    expect(primary.status.inSync).toHaveLength(2);
  });
});
