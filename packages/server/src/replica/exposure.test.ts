import { Server, ServerCredentials } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isLoopback } from '../identity/exposure.js';
import { createReplica, type ReplicaServer, type ReplicaServerOptions } from '../index.js';
import { Authority, type Certified } from '../testing/authority.js';
import { Counter } from '../testing/counter.js';

const WAYS_OUT = /groupSecret.*peerServerCredentials.*insecurePeers: true/;

let authority: Authority;
let identity: Certified;
beforeAll(() => {
  authority = new Authority();
  identity = authority.issue('r1');
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
});

const options = (): ReplicaServerOptions => ({
  replicaId: 'r1',
  address: '127.0.0.1:1',
  coordinator: memoryCoordinator(),
  state: new Counter(),
  serviceConfig: { loadBalancingConfig: [{ understudy: { group: 'counters' } }] },
  handleSignals: false,
});

const bind = (server: Server, target: string, by = ServerCredentials.createInsecure()): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(target, by, (error, port) => (error === null ? resolve(port) : reject(error)));
  });

/** A replica whose server pretends to be bound: what others can reach decides, and no test may leave loopback. */
function replicaAt(target: string, more: Partial<ReplicaServerOptions> = {}, by = ServerCredentials.createInsecure()) {
  const replica = createReplica({ ...options(), ...more });
  const server = new Server({ interceptors: replica.interceptors() });
  servers.push(server);
  server.bindAsync = (_target, _credentials, callback) => callback(null, 1);
  replica.attach(server);
  server.bindAsync(target, by, () => {});
  return replica;
}

async function starts(replica: ReplicaServer): Promise<void> {
  await replica.start();
  expect(replica.status.role).toBe('primary');
  await replica.stop();
}

describe('a replica that anybody could reach', () => {
  it.each(['0.0.0.0:50051', '[::]:50051', '10.0.0.1:50051', 'bank-1:50051', 'dns:///bank-1:50051'])(
    'does not start on %s without a secret, mutual TLS or a word that this is meant',
    async (target) => {
      await expect(replicaAt(target).start()).rejects.toThrow(WAYS_OUT);
      await expect(replicaAt(target).start()).rejects.toThrow('UNDERSTUDY_SETUP');
    },
  );

  it('does not start when its server was bound unseen and it announces such an address', async () => {
    const replica = createReplica({ ...options(), address: 'bank-1:50051' });
    const server = new Server({ interceptors: replica.interceptors() });
    servers.push(server);
    replica.attach(server);
    await expect(replica.start()).rejects.toThrow(WAYS_OUT);
  });

  it('does not start with TLS that asks replicas for no certificate', async () => {
    await expect(replicaAt('0.0.0.0:1', {}, authority.server(identity, false)).start()).rejects.toThrow(WAYS_OUT);
    await expect(replicaAt('0.0.0.0:1', {}, authority.server(identity)).start()).rejects.toThrow(WAYS_OUT);
  });

  it('starts with a secret, with names in certificates, and with insecurePeers', async () => {
    await starts(replicaAt('0.0.0.0:1', { groupSecret: 'a secret that only the tests know' }));
    await starts(replicaAt('0.0.0.0:1', { insecurePeers: true }));
    const names = { peerNames: { r1: 'r1' }, peerCredentials: authority.client(identity) };
    await starts(replicaAt('0.0.0.0:1', names, authority.server(identity)));
    await starts(replicaAt('0.0.0.0:1', authority.peerOptions(identity)));
  });

  it('starts when replicas have a listener of their own on loopback', async () => {
    await starts(replicaAt('0.0.0.0:1', { peerAddress: '127.0.0.1:0' }));
  });

  it('does not start when their own listener is open to anybody', async () => {
    const more = { peerAddress: 'bank-1:50052', peerListen: '0.0.0.0:50052' };
    await expect(replicaAt('127.0.0.1:1', more).start()).rejects.toThrow(WAYS_OUT);
  });

  it('cannot be bound there once it runs', async () => {
    const replica = createReplica(options());
    const server = new Server({ interceptors: replica.interceptors() });
    servers.push(server);
    const { bindAsync } = server;
    // Everything is bound on loopback, whatever the replica is told.
    server.bindAsync = (_target, by, callback) => bindAsync.call(server, '127.0.0.1:0', by, callback);
    replica.attach(server);
    await bind(server, '127.0.0.1:0');
    await replica.start();
    await expect(bind(server, '0.0.0.0:0')).rejects.toThrow(WAYS_OUT);
    await replica.stop();
  });
});

describe('options about replicas', () => {
  it.each([
    ['a listener is named without its address', () => ({ peerListen: '127.0.0.1:0' }), 'set peerAddress'],
    [
      'its credentials are given without its address',
      () => ({ peerServerCredentials: authority.server(identity) }),
      'set peerAddress',
    ],
    ['its address is none', () => ({ peerAddress: 'unix:/tmp/x' }), 'must be host:port'],
    [
      'its credentials accept a replica without a certificate',
      () => ({ ...authority.peerOptions(identity), peerServerCredentials: authority.server(identity, false) }),
      'accept a replica without a certificate',
    ],
    [
      'certificates are checked and the replica has none to show',
      () => ({ peerAddress: '127.0.0.1:0', peerServerCredentials: authority.server(identity) }),
      'set peerCredentials with a certificate',
    ],
    [
      'names are given for a listener without certificates',
      () => ({ peerAddress: '127.0.0.1:0', peerNames: {} }),
      'peerNames needs',
    ],
  ])('are refused when %s', (_when, more, reason) => {
    expect(() => createReplica({ ...options(), ...more() })).toThrow(reason);
  });

  it("are refused at the start when peerNames is given and clients' port asks for no certificate", async () => {
    const names = { peerNames: { r1: 'r1' }, peerCredentials: authority.client(identity) };
    await expect(replicaAt('127.0.0.1:1', names).start()).rejects.toThrow('peerNames needs');
    await expect(replicaAt('127.0.0.1:1', names, authority.server(identity, false)).start()).rejects.toThrow(
      'peerNames',
    );
  });
});

describe('loopback', () => {
  it.each([
    '127.0.0.1:1',
    'localhost:1',
    '[::1]:1',
    '127.9.9.9:0',
    'ipv4:127.0.0.1:1',
    'dns:localhost:1',
    'unix:/tmp/x',
  ])('is %s', (target) => {
    expect(isLoopback(target)).toBe(true);
  });

  it.each([
    '0.0.0.0:1',
    '[::]:1',
    'bank-1:1',
    '127.0.0.1.example:1',
    'localhost.example:1',
    '',
    'ipv6:[2001:db8::1]:1',
  ])('is not %j', (target) => expect(isLoopback(target)).toBe(false));
});
