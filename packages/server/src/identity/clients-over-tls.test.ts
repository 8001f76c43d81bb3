import {
  type ChannelCredentials,
  Client,
  experimental,
  Metadata,
  type ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceError,
  status as Status,
} from '@grpc/grpc-js';
import { type Carrier, replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Authority, type Certified } from '../testing/authority.js';
import { counterService } from '../testing/counter.js';
import { HostilePeer, memberOf } from '../testing/links/hostile-peer.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const groupSecret = 'a secret that only the tests know';

let authority: Authority;
beforeAll(() => {
  authority = new Authority();
});

let stage: Stage;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await stage.end();
});

/** Lets in whoever has the token, or a certificate. Notes the names in certificates. */
const checking =
  (seen: unknown[]): ServerInterceptor =>
  (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const subject = call.getAuthContext()?.sslPeerCertificate?.subject.CN;
            seen.push(subject);
            if (subject !== undefined || metadata.get('authorization')[0] === 'Bearer alice') pass(metadata);
            else call.sendStatus({ code: Status.UNAUTHENTICATED, details: 'no token' });
          },
        }),
    });

/** A replicated client of the counters, with or without the token. */
function connect(nodes: readonly Node[], channel: ChannelCredentials) {
  const { serviceConfig } = stage;
  const target = `understudy:///${nodes.map(({ address }) => address).join(',')}`;
  const client = new Client(target, channel, replicated({ serviceConfig: serviceConfig as never, logger: 'none' }));
  closers.push(() => understudyClient(client).close());
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return (id: string, token?: string): Promise<unknown> => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', token);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, value: unknown) => (error === null ? resolve(value) : reject(error));
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 5 }, metadata, done);
    });
  };
}

async function start(carrier: Carrier, seen: unknown[], of: (identity: Certified) => ServerCredentials) {
  stage = new Stage(memoryCoordinator(), { carrier, leaseMs: SHORT_LEASE_MS }, [checking(seen)]);
  const options = { groupSecret, peerCredentials: authority.client() };
  const nodes: Node[] = [];
  for (const id of ['r1', 'r2', 'r3']) nodes.push(await stage.start(id, options, undefined, of(authority.issue(id))));
  const [first] = nodes as [Node];
  await stage.until(() => first.status.inSync.length === 3);
  return { first, nodes };
}

describe.each<Carrier>(['stream', 'rpc'])('TLS of servers alone, a secret of the group and tokens: %s', (carrier) => {
  it('serve a client across the death of the primary, and refuse it without its token before and after', async () => {
    const { first, nodes } = await start(carrier, [], (identity) => authority.server(identity, false));
    const add = connect(nodes, authority.client());
    expect(await add('a', 'Bearer alice')).toBe(5);
    await expect(add('b')).rejects.toMatchObject({ code: Status.UNAUTHENTICATED, details: 'no token' });
    first.crash();
    expect(await add('c', 'Bearer alice')).toBe(10);
    await expect(add('d', 'Bearer bob')).rejects.toMatchObject({ code: Status.UNAUTHENTICATED, details: 'no token' });
    const second = nodes.slice(1).find(({ status }) => status.role === 'primary');
    expect(second?.counter.ids).toEqual(['a', 'c']);
  });

  it('refuse a client that does not trust the server', async () => {
    const { nodes } = await start(carrier, [], (identity) => authority.server(identity, false));
    const add = connect(nodes, new Authority().client());
    await expect(add('a', 'Bearer alice')).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    expect(nodes[0]?.counter.ids).toEqual([]);
  });
});

/** Asks clients for a certificate, and lets them in without one, too. */
function asking({ key, certificate }: Certified): ServerCredentials {
  const ca = {
    addCaCertificateListener: (tell: (update: { caCertificate: Buffer }) => void) =>
      void process.nextTick(() => tell({ caCertificate: authority.own.certificate })),
    removeCaCertificateListener: () => {},
  };
  const own = {
    addIdentityCertificateListener: (tell: (update: { certificate: Buffer; privateKey: Buffer }) => void) =>
      void process.nextTick(() => tell({ certificate, privateKey: key })),
    removeIdentityCertificateListener: () => {},
  };
  return experimental.createCertificateProviderServerCredentials(own as never, ca as never, false);
}

describe('certificates that clients may show, on the one port of replicas and clients', () => {
  it('are seen by interceptors with RPCs, while tokens serve those that have none', async () => {
    const seen: unknown[] = [];
    const { nodes } = await start('rpc', seen, asking);
    expect(await connect(nodes, authority.client(authority.issue('alice')))('a')).toBe(5);
    const without = connect(nodes, authority.client());
    expect(await without('b', 'Bearer alice')).toBe(10);
    await expect(without('c')).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    // A certificate that the authority did not sign is none.
    const foreign = new Authority().issue('alice');
    await expect(connect(nodes, authority.client(foreign))('d')).rejects.toMatchObject({
      code: Status.UNAUTHENTICATED,
    });
    expect(seen).toEqual(['alice', undefined, undefined, undefined]);
  });

  it('make nobody a replica: the secret does', async () => {
    const { first } = await start('stream', [], asking);
    const peer = new HostilePeer({
      ...{ address: first.address, serviceConfig: stage.serviceConfig, member: memberOf('r2') },
      credentials: authority.client(authority.issue('r2')),
    });
    closers.push(() => peer.stream.close());
    peer.sayHello();
    expect((await peer.stream.ended).details).toContain('has no groupSecret and the other has one');
  });

  it('are not enough for peerNames, which says so when the replica starts', async () => {
    stage = new Stage(memoryCoordinator());
    const identity = authority.issue('r1');
    const options = { peerNames: { r1: 'r1' }, peerCredentials: authority.client(identity) };
    const node = await stage.bind('r1', options, undefined, asking(identity));
    await expect(node.start()).rejects.toThrow('peerNames needs server credentials that require a certificate');
  });
});
