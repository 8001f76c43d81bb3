import { etcd } from '@understudy/coordinator-etcd';
import { EtcdProcess } from '@understudy/coordinator-etcd/testing';
import type { Epoch, Incarnation, ReplicaId, Term } from '@understudy/core';
import { NO_EPOCH } from '@understudy/core/internal';
import { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from './run.js';

let server: EtcdProcess;
beforeAll(async () => {
  server = await EtcdProcess.start();
});
afterAll(() => server.remove());

const understudy = (...args: string[]) => understudyOf(server.host, ...args);

async function understudyOf(hosts: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await run([...args, '--etcd', hosts], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

const gone = { id: 'bank-1' as ReplicaId, incarnation: '01'.repeat(16) as Incarnation };
const record = {
  ...{ version: 1, group: 'bank', origin: gone.incarnation, secret: 'of tests', primary: gone, inSync: [gone] },
  addresses: { 'bank-1': '127.0.0.1:50051', 'bank-2': '127.0.0.2:50051' },
  ...{ term: 1 as Term, adoptedThrough: [], settings: '{}', forced: false, ended: false },
  code: [{ term: 1 as Term, version: '', replication: 'semi-active' }],
} as const;

it('understudy status and force work on a group whose record is in etcd', async () => {
  const runs = { id: 'bank-2' as ReplicaId, incarnation: '02'.repeat(16) as Incarnation };
  const coordinator = etcd({ hosts: server.host })('bank');
  try {
    await coordinator.compareAndSwap(NO_EPOCH, { ...record, epoch: 1 as Epoch });
    await coordinator.announce({ member: runs, address: record.addresses['bank-2'] });
    const status = await understudy('status');
    expect(status).toMatchObject({ code: 0, err: '' });
    expect(status.out).toMatch(/bank-1 +dead +yes[\s\S]*bank-2 +joining +no/);
    const forced = await understudy('force', '--group', 'bank', '--replica', 'bank-2', '--yes');
    expect(forced).toMatchObject({ code: 0, out: '"bank-2" is the primary of "bank" in term 2.\n' });
    expect(await coordinator.read()).toMatchObject({ epoch: 2, primary: runs, inSync: [runs], forced: true });
  } finally {
    await coordinator.close();
  }
});

it('understudy doctor names a member of etcd that is not reached, and an alarm with what to do, which status shows, too', async () => {
  const dead = await understudyOf(`${server.host},127.0.0.1:1`, 'doctor');
  expect(dead.out).toMatch(/^warn +coordinator +127\.0\.0\.1:1 is not reached from here \(ECONNREFUSED\)/m);
  const none = await understudyOf('127.0.0.1:1', 'doctor');
  expect(none.code).toBe(1);
  expect(none.out).toMatch(/^wrong +coordinator .*check that a majority of its members runs/m);
  const small = await EtcdProcess.start(['--quota-backend-bytes', '1000000']);
  const client = new Etcd3({ hosts: small.host });
  try {
    const coordinator = etcd({ hosts: small.host })('bank');
    await coordinator.compareAndSwap(NO_EPOCH, { ...record, epoch: 1 as Epoch });
    await coordinator.close();
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await client.put(`filler/${i}`).value('x'.repeat(100_000)).exec();
    };
    await expect(fill()).rejects.toThrow(/space/);
    const full = await understudyOf(small.host, 'doctor');
    expect(full.code).toBe(1);
    expect(full.out).toMatch(/^wrong +coordinator +bank: .*compact its history, defragment it, then disarm/m);
    const status = await understudyOf(small.host, 'status');
    expect(status.out).toMatch(/^ +problem: etcd .*alarm NOSPACE .*compact its history, defragment it, then disarm/m);
  } finally {
    client.close();
    await small.remove();
  }
});
