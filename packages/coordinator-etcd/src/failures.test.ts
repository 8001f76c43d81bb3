import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleMember, sampleRecord } from '@understudy/coordinator-embedded/testing';
import type { Coordinator, Epoch, GroupRecord } from '@understudy/core';
import { Etcd3 } from 'etcd3';
import { afterEach, describe, expect, it } from 'vitest';
import { etcd } from './etcd.js';
import { etcdGroups } from './groups.js';
import type { EtcdOptions } from './members/options.js';
import { etcdTarget } from './target.js';
import { EtcdProcess } from './testing/index.js';

/** Whatever has such a deadline does not end by it. */
const ONE_HOUR_MS = 3_600_000;
const GROUP = 'bank';
const KEY = 'understudy/bank/record';
const record = (epoch: number): GroupRecord => sampleRecord(GROUP, epoch);

const stoppers: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stoppers.splice(0).reverse()) await stop();
});

async function start(args: readonly string[] = [], scheme: 'http' | 'https' = 'http'): Promise<EtcdProcess> {
  const server = await EtcdProcess.start(args, scheme);
  stoppers.push(() => server.remove());
  return server;
}

function open(options: EtcdOptions): Coordinator {
  const coordinator = etcd(options)(GROUP);
  // Closing fails if the test has stopped etcd.
  stoppers.push(() => coordinator.close().catch(() => {}));
  return coordinator;
}

function raw(host: string): Etcd3 {
  const client = new Etcd3({ hosts: host });
  stoppers.push(() => client.close());
  return client;
}

/** Starts a server that accepts connections and never answers, like a member behind a cut network. */
async function silentMember(): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stoppers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}

/** Starts a proxy between a client and etcd that can drop what etcd sends on a connection. */
async function muting(host: string) {
  const muted = new Set<number>();
  const sockets: Socket[] = [];
  let onConnection = (): unknown => undefined;
  let answers = 0;
  let onAnswer = (): unknown => undefined;
  const port = Number(host.split(':').at(-1));
  const server = createServer((client) => {
    const nth = sockets.length / 2;
    const upstream = connect(port, '127.0.0.1');
    sockets.push(
      client.on('error', () => {}),
      upstream.on('error', () => {}),
    );
    onConnection();
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      answers++;
      onAnswer();
      if (!muted.has(nth)) client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stoppers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    host: `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    /** Resolves when `count` connections have been made. */
    connected: (count: number) =>
      new Promise<void>((resolve) => {
        onConnection = () => sockets.length / 2 >= count && resolve();
        onConnection();
      }),
    mute: (nth: number) => muted.add(nth),
    connections: () => sockets.length / 2,
    /** Resolves when etcd has sent data `more` more times. */
    answered: (more: number) => {
      const until = answers + more;
      return new Promise<void>((resolve) => {
        onAnswer = () => answers >= until && resolve();
      });
    },
  };
}

/** Tells whether something that is under way has ended by now, well or not. */
function watchEnd(underWay: Promise<unknown>): { readonly ended: boolean } {
  const watched = { ended: false };
  const end = () => Object.assign(watched, { ended: true });
  underWay.then(end, end);
  return watched;
}

async function change(coordinator: Coordinator, from: number, to: number): Promise<void> {
  for (let epoch = from + 1; epoch <= to; epoch++) {
    const result = await coordinator.compareAndSwap((epoch - 1) as Epoch, record(epoch));
    expect(result).toEqual({ kind: 'swapped' });
  }
}

/** Watches a record; `until` resolves when what the watch was told fulfils a condition. */
function watching(coordinator: Coordinator) {
  const epochs: number[] = [];
  const errors: Error[] = [];
  let look = (): void => {};
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      look = () => condition() && resolve();
      look();
    });
  coordinator.watch(
    ({ epoch }) => {
      epochs.push(epoch);
      look();
    },
    (error) => {
      errors.push(error);
      look();
    },
  );
  return { epochs, errors, until };
}

describe('a watch in etcd', () => {
  it('reports an error when etcd is killed, and goes on when etcd is back', async () => {
    const server = await start();
    const coordinator = open({ hosts: server.host });
    await change(coordinator, 0, 1);
    const watch = watching(open({ hosts: server.host }));
    await watch.until(() => watch.epochs.includes(1));
    await server.kill();
    await watch.until(() => watch.errors.length > 0);
    await server.start();
    await change(coordinator, 1, 2);
    await watch.until(() => watch.epochs.includes(2));
    expect(watch.epochs).toEqual([1, 2]);
    expect(watch.errors[0]?.message).toMatch(/^UNDERSTUDY_COORDINATOR: .*127\.0\.0\.1.*: check that a majority/);
  });

  it('goes on when the revisions that it had not seen were compacted', async () => {
    const server = await start();
    const coordinator = open({ hosts: server.host });
    await change(coordinator, 0, 1);
    const watch = watching(open({ hosts: server.host }));
    await watch.until(() => watch.epochs.includes(1));
    await server.kill();
    await watch.until(() => watch.errors.length > 0);
    await server.start();
    const client = raw(server.host);
    await change(coordinator, 1, 20);
    const { header } = await client.get(KEY).exec();
    await client.kv.compact({ revision: header.revision, physical: true });
    await change(coordinator, 20, 21);
    await watch.until(() => watch.epochs.includes(21));
    expect(watch.epochs).toEqual([...watch.epochs].sort((a, b) => a - b));
  });

  it('reads the record again when etcd’s watch stays silent', async () => {
    const server = await start();
    const between = await muting(server.host);
    // This gives the watch a connection of its own.
    const grpcOptions = { 'grpc.use_local_subchannel_pool': 1 };
    const watch = watching(open({ hosts: between.host, grpcOptions, pollMs: 300 }));
    const writer = open({ hosts: server.host });
    await change(writer, 0, 1);
    await watch.until(() => watch.epochs.includes(1));
    await between.connected(2);
    between.mute(1);
    await change(writer, 1, 2);
    await watch.until(() => watch.epochs.includes(2));
    expect(watch.errors).toEqual([]);
  });
});

describe('a call to etcd', () => {
  it('fails at its deadline when etcd is suspended, and leaves the outcome of a change unknown', async () => {
    const server = await start();
    const coordinator = open({ hosts: server.host, deadlineMs: 300 });
    const patient = open({ hosts: server.host, deadlineMs: 20 * 300 });
    await change(coordinator, 0, 1);
    await patient.read();
    await server.suspend();
    const waiting = watchEnd(patient.read());
    await expect(coordinator.read()).rejects.toMatchObject({ code: 'UNDERSTUDY_COORDINATOR' });
    const swap = await coordinator.compareAndSwap(1 as Epoch, record(2));
    expect(swap).toMatchObject({ kind: 'unknown', cause: { code: 'UNDERSTUDY_COORDINATOR' } });
    // However slow the machine is: both ended while a read that has twenty times as long had not.
    expect(waiting.ended).toBe(false);
    server.resume();
    // The change that was asked for before may take effect now, or never.
    const { epoch } = (await coordinator.read()) ?? { epoch: 0 };
    expect([1, 2]).toContain(epoch);
  });

  it('fails soon when nobody listens', async () => {
    const coordinator = open({ hosts: ['127.0.0.1:1', '127.0.0.1:2'], deadlineMs: 2_000 });
    await expect(coordinator.read()).rejects.toMatchObject({ code: 'UNDERSTUDY_COORDINATOR' });
    await expect(coordinator.announce({ member: sampleMember(1), address: '127.0.0.1:1' })).rejects.toMatchObject({
      code: 'UNDERSTUDY_COORDINATOR',
    });
  });

  it('is answered by another member when one is silent', async () => {
    const server = await start();
    const silent = await silentMember();
    const patient = open({ hosts: [silent, server.host], deadlineMs: ONE_HOUR_MS, hedgeMs: 200 * 50 });
    const waiting = watchEnd(patient.read());
    const coordinator = open({ hosts: [silent, server.host], deadlineMs: ONE_HOUR_MS, hedgeMs: 50 });
    await change(coordinator, 0, 3);
    // However slow the machine is: all three were answered before a call that hedges two hundred times as late.
    expect(waiting.ended).toBe(false);
    const watch = watching(open({ hosts: [silent, server.host], hedgeMs: 50 }));
    await watch.until(() => watch.epochs.includes(3));
  });

  it('changes the record after etcd was restored from a copy and its revisions began anew', async () => {
    const server = await start();
    const client = raw(server.host);
    const coordinator = open({ hosts: server.host });
    await change(coordinator, 0, 3);
    const copy = (await client.get(KEY).string()) ?? '';
    await client.put(KEY).value(copy);
    await change(coordinator, 3, 4);
    expect(await coordinator.read()).toEqual(record(4));
  });

  it('fails with UNDERSTUDY_RECORD_DAMAGED on a value that is not a record, and never overwrites it', async () => {
    const server = await start();
    const client = raw(server.host);
    await client.put(KEY).value('{"version":1,');
    const coordinator = open({ hosts: server.host });
    await expect(coordinator.read()).rejects.toMatchObject({ code: 'UNDERSTUDY_RECORD_DAMAGED' });
    for (const epoch of [1, 2]) {
      const result = await coordinator.compareAndSwap((epoch - 1) as Epoch, record(epoch));
      expect(result).toMatchObject({ kind: 'unknown', cause: { code: 'UNDERSTUDY_RECORD_DAMAGED' } });
    }
    expect(await client.get(KEY).string()).toBe('{"version":1,');
  });
});

describe('the presence of a replica', () => {
  const presence = { member: sampleMember(1), address: '127.0.0.1:50051' };

  it('is announced again when etcd has forgotten its lease', async () => {
    const server = await start();
    const coordinator = open({ hosts: server.host, presenceTtlS: 2 });
    await coordinator.announce(presence);
    const client = raw(server.host);
    const { leases } = await client.leaseClient.leaseLeases();
    expect(leases).toHaveLength(1);
    const back = new Promise<void>((resolve) => {
      void client
        .watch()
        .prefix('understudy/bank/replicas/')
        .create()
        .then((watcher) => watcher.on('put', () => resolve()))
        .then(() => client.leaseClient.leaseRevoke({ ID: leases[0]?.ID ?? '' }));
    });
    await back;
    expect(await coordinator.present()).toEqual([presence]);
  });

  it('ends with its lease when nobody renews it', async () => {
    const server = await start();
    const other = open({ hosts: server.host });
    const client = raw(server.host);
    const lease = await client.leaseClient.leaseGrant({ TTL: 2, ID: 0 });
    const { id, incarnation } = presence.member;
    const value = JSON.stringify({ version: 1, id, incarnation, address: presence.address });
    const gone = new Promise<void>((resolve) => {
      void client
        .watch()
        .prefix('understudy/bank/replicas/')
        .create()
        .then((watcher) => watcher.on('delete', () => resolve()));
    });
    // This is what a coordinator writes, but nobody renews the lease.
    await client.put('understudy/bank/replicas/r1').value(value).lease(lease.ID);
    expect(await other.present()).toEqual([presence]);
    await gone;
    expect(await other.present()).toEqual([]);
  });
});

describe('etcdGroups and etcdTarget', () => {
  it('find the groups, and all replicas that belong to a group or run', async () => {
    const server = await start();
    const options = { hosts: server.host };
    await expect(etcdTarget(options, GROUP)).rejects.toMatchObject({ code: 'UNDERSTUDY_SETUP' });
    await change(open(options), 0, 1);
    await open(options).announce({ member: sampleMember(9), address: '127.0.0.1:9' });
    expect(await etcdGroups(options)).toEqual([GROUP]);
    const known = Object.values(record(1).addresses);
    const target = await etcdTarget(options, GROUP);
    expect(target).toMatch(/^understudy:\/\/\//);
    expect(target.slice('understudy:///'.length).split(',').sort()).toEqual([...known, '127.0.0.1:9'].sort());
  });
});

describe('an etcd that demands credentials', () => {
  it('serves with a user and a password, and an error says to check them if they are wrong or missing', async () => {
    const server = await start();
    const client = raw(server.host);
    const root = client.user('root');
    await root.create('secret');
    await client.role('root').create();
    await root.addRole('root');
    await client.auth.authEnable();
    const auth = { username: 'root', password: 'secret' };
    const coordinator = open({ hosts: server.host, auth });
    await change(coordinator, 0, 2);
    const watch = watching(open({ hosts: server.host, auth }));
    await watch.until(() => watch.epochs.includes(2));
    for (const wrong of [{}, { auth: { username: 'root', password: 'wrong' } }]) {
      await expect(open({ hosts: server.host, ...wrong }).read()).rejects.toMatchObject({
        code: 'UNDERSTUDY_COORDINATOR',
        message: expect.stringContaining('check the user, the password'),
      });
    }
  });

  it('serves over TLS with a certificate on both sides, and not without the client’s', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'understudy-tls-'));
    stoppers.push(() => rmSync(dir, { recursive: true }));
    const certificate = join(dir, 'cert.pem');
    const key = join(dir, 'key.pem');
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', key, '-out', certificate];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
      stdio: 'ignore',
    });
    const args = [
      '--cert-file',
      certificate,
      '--key-file',
      key,
      '--client-cert-auth',
      '--trusted-ca-file',
      certificate,
    ];
    const server = await start(args, 'https');
    const rootCertificate = readFileSync(certificate);
    const credentials = { rootCertificate, privateKey: readFileSync(key), certChain: rootCertificate };
    const coordinator = open({ hosts: server.host, credentials });
    await change(coordinator, 0, 1);
    expect(await coordinator.read()).toEqual(record(1));
    await expect(
      open({ hosts: server.host, credentials: { rootCertificate }, deadlineMs: 1_000 }).read(),
    ).rejects.toMatchObject({
      code: 'UNDERSTUDY_COORDINATOR',
    });
  });
});

describe('a silent watch', () => {
  it('keeps its connection, however often the record is read again', async () => {
    const server = await start();
    const between = await muting(server.host);
    const coordinator = open({ hosts: between.host, pollMs: 10 });
    await change(coordinator, 0, 1);
    const { until, epochs } = watching(coordinator);
    await until(() => epochs.includes(1));
    const before = between.connections();
    await between.answered(50);
    expect(between.connections()).toBe(before);
  });
});
