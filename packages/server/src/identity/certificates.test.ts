import type { PeerCertificate } from 'node:tls';
import { Client, Metadata, ServerCredentials, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { LINK_PATH } from '@understudy/grpc-common';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Authority, type Certified } from '../testing/authority.js';
import { counterService } from '../testing/counter.js';
import { HostilePeer, memberOf } from '../testing/links/hostile-peer.js';
import { RawStream } from '../testing/links/raw-stream.js';
import { type Node, Stage } from '../testing/stage.js';
import { namesIn, requireCertificates } from './certificate-names.js';

let authority: Authority;
let [first, second, stranger]: Certified[] = [];
beforeAll(() => {
  authority = new Authority();
  first = authority.issue('r1');
  second = authority.issue('r2.example', 'r2');
  stranger = authority.issue('somebody');
});

let stage: Stage;
const streams: RawStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await stage.end();
});

const optionsOf = (identity: Certified | undefined) => authority.peerOptions(identity as Certified);

async function startFirst(options: object = {}): Promise<Node> {
  stage = new Stage(memoryCoordinator());
  return stage.start('r1', { ...optionsOf(first), ...options });
}

async function peerAddressOf(id: string): Promise<string> {
  const record = await stage.coordinator('counters').read();
  return record?.peerAddresses?.[id] ?? '';
}

async function dial(identity?: Certified, id = 'r2'): Promise<HostilePeer> {
  const peer = new HostilePeer({
    ...{ address: await peerAddressOf('r1'), serviceConfig: stage.serviceConfig, member: memberOf(id) },
    credentials: authority.client(identity),
  });
  streams.push(peer.stream);
  return peer;
}

describe('replicas with mutual TLS on a listener of their own', () => {
  it('form a group and hand over, while clients use another port without TLS', async () => {
    const primary = await startFirst();
    const backup = await stage.start('r2', optionsOf(second));
    await stage.until(() => primary.status.inSync.length === 2);
    expect(await primary.add('a', 5)).toEqual({ error: null, value: 5 });
    await stage.until(() => backup.counter.value === 5);
    // A backup names the primary's address for clients, not the one for replicas.
    const { error } = await backup.add('b', 1);
    expect(error?.metadata.get('understudy-primary')).toEqual([primary.address]);
    await primary.replica.stop();
    await stage.until(() => backup.status.role === 'primary');
  });

  it("have neither replication nor the Admin service on the clients' port", async () => {
    const primary = await startFirst();
    for (const path of [LINK_PATH, '/understudy.v1.Admin/StepDown']) {
      const stream = new RawStream(primary.address, path);
      streams.push(stream);
      expect((await stream.ended).code).toBe(12);
    }
  });

  it('free the port of the listener when they stop', async () => {
    const primary = await startFirst();
    const address = await peerAddressOf('r1');
    await primary.end();
    stage = new Stage(memoryCoordinator());
    const again = await stage.start('r1', { ...optionsOf(first), peerAddress: address });
    expect(again.status.role).toBe('primary');
  });

  it('do not start when the port of the listener is taken', async () => {
    await startFirst();
    const other = await stage.bind('r2', { ...optionsOf(second), peerAddress: await peerAddressOf('r1') });
    await expect(other.start()).rejects.toThrow('cannot listen for other replicas at');
  });
});

describe('a stranger at the listener of replicas', () => {
  it('gets no connection without a certificate', async () => {
    await startFirst();
    const peer = await dial();
    peer.sayHello();
    expect((await peer.stream.ended).code).toBe(14);
  });

  it('is not believed to be a replica whose name its certificate lacks', async () => {
    await startFirst();
    const peer = await dial(stranger);
    peer.sayHello();
    const status = await peer.stream.ended;
    expect(status.code).toBe(9);
    expect(status.details).toContain(
      'the certificate of replica r2 has the name "somebody" or "somebody": it must have the name "r2"',
    );
  });

  it("is not believed to be another replica with a replica's certificate", async () => {
    const primary = await startFirst();
    await stage.start('r2', optionsOf(second));
    const peer = await dial(second, 'r3');
    peer.sayHello();
    expect((await peer.stream.ended).details).toContain('the certificate of replica r3');
    expect(primary.status.inSync).toHaveLength(2);
  });

  it('is refused before it says anything when peerNames lists no name of its certificate', async () => {
    await startFirst({ peerNames: { r1: 'r1', r2: ['r2.example', 'r2.old'] } });
    expect((await (await dial(stranger)).stream.ended).details).toContain('no replica in peerNames');
    await stage.start('r2', { ...optionsOf(second), peerNames: { r1: 'r1', r2: 'r2.example' } });
  });

  it('is sent nothing when it stands where a replica should be', async () => {
    const primary = await startFirst();
    const impostor = await stage.bind('r2', {
      ...authority.peerOptions(second as Certified),
      peerServerCredentials: authority.server(stranger as Certified),
    });
    void impostor.start().catch(() => {});
    await stage.until(() => stage.logged.some((line) => line.includes('the certificate of replica r2 has the name')));
    expect(primary.status.inSync).toHaveLength(1);
  });
});

describe('mutual TLS and a secret together', () => {
  it('refuse a replica that has a certificate but not the secret', async () => {
    const groupSecret = 'a secret that only the tests know';
    const primary = await startFirst({ groupSecret });
    const peer = await dial(second);
    peer.sayHello();
    expect((await peer.stream.ended).details).toContain('has no groupSecret');
    await stage.start('r2', { ...optionsOf(second), groupSecret });
    await stage.until(() => primary.status.inSync.length === 2);
  });
});

describe('TLS that asks clients for no certificate', () => {
  it('serves clients with tokens, and replicas that know the secret, on one port', async () => {
    const users: string[] = [];
    const token: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: (metadata, pass) => {
              users.push(String(metadata.get('authorization')[0]));
              pass(metadata);
            },
          }),
      });
    stage = new Stage(memoryCoordinator(), {}, [token]);
    const options = { groupSecret: 'a secret that only the tests know', peerCredentials: authority.client() };
    const by = (identity: Certified | undefined) => authority.server(identity as Certified, false);
    const primary = await stage.start('r1', options, undefined, by(first));
    await stage.start('r2', options, undefined, by(second));
    await stage.until(() => primary.status.inSync.length === 2);
    const client = new Client(primary.address, authority.client());
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer alice');
    const { path, requestSerialize, responseDeserialize } = counterService.Add;
    const value = await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { id: 'a', by: 5 },
        metadata,
        (error, reply) => (error === null ? resolve(reply) : reject(error)),
      );
    });
    client.close();
    expect({ value, users }).toEqual({ value: 5, users: ['Bearer alice'] });
  });
});

describe("certificates at the clients' port", () => {
  it('make a caller no replica unless peerNames lists it', async () => {
    stage = new Stage(memoryCoordinator());
    const peerNames = { r1: 'r1', r2: 'r2.example' };
    const mutual = (identity: Certified) => ({ peerCredentials: authority.client(identity), peerNames });
    const primary = await stage.start(
      'r1',
      mutual(first as Certified),
      undefined,
      authority.server(first as Certified),
    );
    const link = (identity: Certified): HostilePeer => {
      const peer = new HostilePeer({
        ...{ address: primary.address, serviceConfig: stage.serviceConfig, member: memberOf('r2') },
        credentials: authority.client(identity),
      });
      streams.push(peer.stream);
      return peer;
    };
    expect((await link(stranger as Certified).stream.ended).details).toContain('no replica in peerNames');
    await stage.start('r2', mutual(second as Certified), undefined, authority.server(second as Certified));
    await stage.until(() => primary.status.inSync.length === 2);
  });
});

describe('the names in a certificate', () => {
  const names = (subjectaltname: string | undefined, CN?: string | string[]) =>
    namesIn({ subject: { CN }, subjectaltname } as unknown as PeerCertificate);

  it('are its common names and its DNS names, and nothing that only looks like one', () => {
    expect(names('DNS:a.b, IP Address:10.0.0.1, DNS:c', 'r1')).toEqual(['r1', 'a.b', 'c']);
    expect(names('URI:"x, DNS:r2", DNS:"odd\\"name"', ['r1', 'r3'])).toEqual(['r1', 'r3', 'odd"name']);
    expect(names('email:DNS:r2, DirName:"CN=x, DNS:r3"')).toEqual([]);
    expect(names(undefined)).toEqual([]);
  });

  it('count only under credentials that require a certificate', () => {
    stage = new Stage(memoryCoordinator());
    const identity = first as Certified;
    expect(requireCertificates(authority.server(identity))).toBe(true);
    expect(requireCertificates(authority.server(identity, false))).toBe(false);
    expect(requireCertificates(ServerCredentials.createInsecure())).toBe(false);
  });
});
