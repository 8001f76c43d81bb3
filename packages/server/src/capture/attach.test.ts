import { Client, credentials, Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { createReplica, type ReplicaServer, type ReplicaServerOptions } from '../index.js';
import { Authority } from '../testing/authority.js';
import { Counter, counterService } from '../testing/counter.js';
import { otherGrpc } from '../testing/other-grpc.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const options = (): ReplicaServerOptions => ({
  replicaId: 'r1',
  coordinator: memoryCoordinator(),
  state: new Counter(),
  serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters' } }] },
  logger: 'none',
  handleSignals: false,
});

const bind = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });

function callTo(port: number, name: keyof typeof counterService, request: unknown): Promise<unknown> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closers.push(() => client.close());
  const { path, requestSerialize, responseDeserialize } = counterService[name];
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, reply) =>
      error === null ? resolve(reply) : reject(error),
    );
  });
}

async function start(replica: ReplicaServer, server: Server, port: number): Promise<void> {
  closers.push(
    () => server.forceShutdown(),
    () => replica.stop(),
  );
  await replica.start({ address: `127.0.0.1:${port}` });
}

describe('a server that a framework has built', () => {
  it('is attached while replicas have certificates on a listener of their own, and its clients tokens alone', async () => {
    const authority = new Authority();
    const coordinator = memoryCoordinator();
    const replicas: ReplicaServer[] = [];
    for (const replicaId of ['r1', 'r2']) {
      const counter = new Counter();
      const peers = authority.peerOptions(authority.issue(replicaId));
      const replica = createReplica({ ...options(), ...peers, replicaId, coordinator, state: counter });
      const server = new Server({ interceptors: replica.interceptors() });
      server.addService(counterService, counter.handlers);
      const port = await bind(server);
      replica.attach(server);
      await start(replica, server, port);
      replicas.push(replica);
      expect(await callTo(port, 'Add', { id: 'a', by: 2 }).catch(({ details }) => details)).toEqual(
        replicaId === 'r1' ? 2 : expect.stringContaining('UNDERSTUDY_NOT_PRIMARY'),
      );
    }
    const [first, second] = replicas as [ReplicaServer, ReplicaServer];
    expect(first.status.inSync).toHaveLength(2);
    const promoted = new Promise<void>((resolve) => second.on('role', ({ role }) => role === 'primary' && resolve()));
    await first.stop();
    await promoted;
  });

  it('is attached after its services were added', async () => {
    const replica = createReplica(options());
    const server = new Server({ interceptors: replica.interceptors() });
    server.addService(counterService, new Counter().handlers);
    replica.attach(server);
    const port = await bind(server);
    await start(replica, server, port);
    expect(await callTo(port, 'Add', { id: 'a', by: 2 })).toBe(2);
    expect(await callTo(port, 'Add', { id: 'b', by: 3 })).toBe(5);
    expect(replica.status.processedUpTo).toBe(2);
  });

  it('is attached after it was bound', async () => {
    const replica = createReplica(options());
    const server = new Server({ interceptors: replica.interceptors() });
    server.addService(counterService, new Counter().handlers);
    const port = await bind(server);
    replica.attach(server);
    await start(replica, server, port);
    expect(await callTo(port, 'Add', { id: 'a', by: 2 })).toBe(2);
    expect(replica.status.processedUpTo).toBe(1);
  });

  it('keeps the services that are named as unreplicated', async () => {
    const replica = createReplica({ ...options(), unreplicated: ['test.Counter'] });
    const server = new Server({ interceptors: replica.interceptors() });
    server.addService(counterService, new Counter().handlers);
    replica.attach(server);
    const port = await bind(server);
    await start(replica, server, port);
    expect(await callTo(port, 'Add', { id: 'a', by: 2 })).toBe(2);
    expect(replica.status.processedUpTo).toBe(0);
  });

  it('is refused with what to do when it is of another copy of grpc-js', () => {
    const { grpc, remove } = otherGrpc();
    closers.push(remove);
    const replica = createReplica(options());
    const server = new grpc.Server({ interceptors: replica.interceptors() } as ServerOptions);
    expect(() => replica.attach(server as unknown as Server)).toThrow(/UNDERSTUDY_SETUP.*npm dedupe/);
  });
});
