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

  it.each([
    [{ adress: '127.0.0.1:1' }, 'createReplica has no option "adress"; did you mean address?'],
    [{ interceptors: [] }, 'createReplica has no option "interceptors"'],
    [{ replicaId: undefined }, 'the option replicaId is missing'],
    [{ replicaId: '' }, 'the option replicaId is ""; it must be a name of 1 to 512 characters'],
    [{ replicaId: ' r1' }, 'the option replicaId is " r1"'],
    [{ replicaId: 'r\n1' }, 'the option replicaId is "r\\n1"'],
    [{ replicaId: 'r'.repeat(513) }, 'the option replicaId is a text of 513 characters'],
    [{ replicaId: 7 }, 'the option replicaId is 7'],
    [{ coordinator: undefined }, 'the option coordinator is missing'],
    [
      { coordinator: memoryCoordinator()('counters') },
      'the option coordinator is an object; it must be what etcd({…})',
    ],
    [{ handOverMs: -1 }, 'the option handOverMs is -1; it must be a number of milliseconds from 0'],
    [{ handOverMs: Number.NaN }, 'the option handOverMs is NaN'],
    [{ startTimeoutMs: '5s' }, 'the option startTimeoutMs is "5s"'],
    [{ startTimeoutMs: Number.POSITIVE_INFINITY }, 'the option startTimeoutMs is Infinity'],
    [{ insecurePeers: 'false' }, 'the option insecurePeers is "false"; it must be true or false, without quotes'],
    [{ logger: console }, 'undefined'],
    [{ logger: () => {} }, "the option logger is a function; it must be 'none', or an object with a function log"],
    [{ unreplicated: 'a.B' }, 'the option unreplicated is "a.B"; it must be a list of texts'],
    [{ uncaught: 'ignore' }, "the option uncaught is \"ignore\"; it must be 'contain' or 'exit'"],
    [{ onFatal: 'exit' }, 'the option onFatal is "exit"; it must be a function'],
    [{ serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters', leaseMS: 1 } }] } }, 'mean leaseMs?'],
  ])('an option that cannot be used: %o', (change, said) => {
    const make = () => createReplica({ ...options, ...change } as ReplicaServerOptions);
    if (said === 'undefined') expect(make).not.toThrow();
    else expect(make).toThrow(said);
  });

  it('an option of start that cannot be used', async () => {
    stage = new Stage(memoryCoordinator());
    const node = await stage.bind('r1');
    const { replica, address } = node;
    await expect(replica.start({ address, timeoutMs: Number.NaN })).rejects.toThrow('the option timeoutMs is NaN');
    await expect(replica.start({ adress: address } as never)).rejects.toThrow('did you mean address?');
    await replica.start({ address });
  });

  it('two replicas on one server, or one replica on two', () => {
    const replica = createReplica(options);
    const server = new Server({ interceptors: replica.interceptors() });
    replica.attach(server);
    expect(() => replica.attach(server)).toThrow('UNDERSTUDY_SETUP');
    expect(() => replica.attach(new Server({ interceptors: replica.interceptors() }))).toThrow('UNDERSTUDY_SETUP');
    expect(() => createReplica({ ...options, replicaId: 'r2' }).attach(server)).toThrow('UNDERSTUDY_SETUP');
  });

  it('an address that another replica has, which is said while it is announced', async () => {
    stage = new Stage(memoryCoordinator());
    const first = await stage.start('r1');
    const second = await stage.bind('r2');
    const started = second.replica.start({ address: first.address, timeoutMs: 1500 });
    await expect(started).rejects.toThrow(
      `replica r1 is announced at ${first.address}, the address of this replica r2`,
    );
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
