import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleMember, sampleRecord } from '@understudy/coordinator-embedded/testing';
import type { Coordinator, Epoch } from '@understudy/core';
import { Etcd3 } from 'etcd3';
import { afterEach, describe, expect, it } from 'vitest';
import { etcd } from './etcd.js';
import type { EtcdOptions } from './members/options.js';
import { EtcdProcess } from './testing/index.js';

const GROUP = 'bank';
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
  stoppers.push(() => coordinator.close().catch(() => {}));
  return coordinator;
}

const claim = (coordinator: Coordinator, epoch: number) =>
  coordinator.compareAndSwap((epoch - 1) as Epoch, sampleRecord(GROUP, epoch));

/** Resolves when a watch has told of an epoch. */
function told(coordinator: Coordinator): (epoch: number) => Promise<void> {
  let newest = 0;
  let look = (): void => {};
  coordinator.watch(
    ({ epoch }) => {
      newest = epoch;
      look();
    },
    () => {},
  );
  return (epoch) =>
    new Promise((resolve) => {
      look = () => newest >= epoch && resolve();
      look();
    });
}

describe('the credentials of a replica for etcd', () => {
  it('may be a new password from one moment to the next, and no claim fails', async () => {
    const server = await start();
    const client = new Etcd3({ hosts: server.host });
    stoppers.push(() => client.close());
    await client.user('root').create('first');
    await client.role('root').create();
    await client.user('root').addRole('root');
    await client.auth.authEnable();
    let password = 'first';
    let asked = 0;
    const auth = () => {
      asked++;
      return { username: 'root', password };
    };
    const coordinator = open({ hosts: server.host, auth });
    const watching = told(open({ hosts: server.host, auth: async () => auth() }));
    expect(await claim(coordinator, 1)).toEqual({ kind: 'swapped' });
    await coordinator.announce({ member: sampleMember(1), address: '127.0.0.1:1' });
    await watching(1);
    const askedBefore = asked;
    for (let epoch = 2; epoch <= 4; epoch++) {
      const admin = new Etcd3({ hosts: server.host, auth: { username: 'root', password } });
      password = `of epoch ${epoch}`;
      await admin.auth.userChangePassword({ name: 'root', password });
      admin.close();
      expect(await claim(coordinator, epoch)).toEqual({ kind: 'swapped' });
      expect(await coordinator.present()).toHaveLength(1);
      await watching(epoch);
    }
    // It is asked after failures, not at each call.
    expect(asked - askedBefore).toBeLessThan(40);
  });

  it('whose function throws fail a call with its message, and are asked for again', async () => {
    const server = await start();
    let broken = true;
    const auth = () => {
      if (broken) throw new Error('the secret is not mounted');
      return { username: 'root', password: '' };
    };
    const coordinator = open({ hosts: server.host, auth: auth as never });
    await expect(coordinator.read()).rejects.toMatchObject({
      ...{ code: 'UNDERSTUDY_COORDINATOR', message: expect.stringContaining('the secret is not mounted') },
    });
    broken = false;
    await expect(coordinator.read()).rejects.not.toMatchObject({ message: expect.stringContaining('mounted') });
  });

  it('may be a new certificate when the old one is refused', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'understudy-tls-'));
    stoppers.push(() => rmSync(dir, { recursive: true }));
    const make = (name: string): { certificate: string; key: string } => {
      const [certificate, key] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const files = ['-keyout', key, '-out', certificate];
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
        stdio: 'ignore',
      });
      return { certificate, key };
    };
    const [trusted, stranger] = [make('trusted'), make('stranger')];
    const { certificate, key } = trusted;
    const own = ['--cert-file', certificate, '--key-file', key, '--client-cert-auth', '--trusted-ca-file', certificate];
    const server = await start(own, 'https');
    let now = trusted;
    const credentials = () => ({
      ...{ rootCertificate: readFileSync(certificate), privateKey: readFileSync(now.key) },
      certChain: readFileSync(now.certificate),
    });
    const coordinator = open({ hosts: server.host, credentials });
    expect(await claim(coordinator, 1)).toEqual({ kind: 'swapped' });
    now = stranger;
    await expect(open({ hosts: server.host, credentials, deadlineMs: 1_500 }).read()).rejects.toMatchObject({
      code: 'UNDERSTUDY_COORDINATOR',
    });
    const late = open({ hosts: server.host, credentials, deadlineMs: 1_500 });
    await late.read().catch(() => {});
    now = trusted;
    expect(await claim(late, 2)).toEqual({ kind: 'swapped' });
  });
});

describe('an etcd that is full', () => {
  it('is reported by a failed change, by an announcement and among the problems', async () => {
    const server = await start(['--quota-backend-bytes', '2000000']);
    const coordinator = open({ hosts: server.host });
    expect(await claim(coordinator, 1)).toEqual({ kind: 'swapped' });
    expect(await coordinator.problems?.()).toEqual([]);
    const client = new Etcd3({ hosts: server.host });
    stoppers.push(() => client.close());
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await client.put(`filler/${i}`).value('x'.repeat(100_000)).exec();
    };
    await expect(fill()).rejects.toThrow(/space/);
    expect(await claim(coordinator, 2)).toMatchObject({
      ...{ kind: 'unknown', cause: { message: expect.stringContaining('it has raised the alarm NOSPACE') } },
    });
    const announced = coordinator.announce({ member: sampleMember(1), address: '127.0.0.1:1' });
    await expect(announced).rejects.toThrow('it has raised the alarm NOSPACE');
    expect(await coordinator.problems?.()).toEqual([expect.stringContaining('it has raised the alarm NOSPACE')]);
    expect((await coordinator.read())?.epoch).toBe(1);
  });
});
