import { etcd } from '@understudy/coordinator-etcd';
import { EtcdProcess } from '@understudy/coordinator-etcd/testing';
import type { Epoch, Incarnation, ReplicaId, Term } from '@understudy/core';
import { NO_EPOCH } from '@understudy/core/internal';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from './run.js';

let server: EtcdProcess;
beforeAll(async () => {
  server = await EtcdProcess.start();
});
afterAll(() => server.remove());

async function understudy(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await run([...args, '--etcd', server.host], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

it('understudy status and force work on a group whose record is in etcd', async () => {
  const gone = { id: 'bank-1' as ReplicaId, incarnation: '01'.repeat(16) as Incarnation };
  const runs = { id: 'bank-2' as ReplicaId, incarnation: '02'.repeat(16) as Incarnation };
  const addresses = { 'bank-1': '127.0.0.1:50051', 'bank-2': '127.0.0.2:50051' };
  const origin = gone.incarnation;
  const common = {
    version: 1,
    group: 'bank',
    origin,
    secret: 'of tests',
    addresses,
    adoptedThrough: [],
    settings: '{}',
    code: [{ term: 1 as Term, version: '', replication: 'semi-active' }],
    forced: false,
    ended: false,
  } as const;
  const coordinator = etcd({ hosts: server.host })('bank');
  try {
    const first = { ...common, epoch: 1 as Epoch, term: 1 as Term, primary: gone, inSync: [gone] };
    await coordinator.compareAndSwap(NO_EPOCH, first);
    await coordinator.announce({ member: runs, address: addresses['bank-2'] });
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
