import * as grpc from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import { NoticedLate } from '@understudy/coordinator-embedded/testing';
import { etcd } from '@understudy/coordinator-etcd';
import { EtcdProcess } from '@understudy/coordinator-etcd/testing';
import type { CoordinatorFactory } from '@understudy/core';
import { createReplica, type ReplicaServer } from '@understudy/server';
import { Etcd3 } from 'etcd3';
import { afterEach, describe, expect, it } from 'vitest';

const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'till', leaseMs: 4_000 } }] };
const bytes = (value: Buffer): Buffer => value;
const Till = {
  add: {
    ...{ path: '/till.Till/Add', requestStream: false, responseStream: false },
    ...{ requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes },
  },
} as const;

const stoppers: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stoppers.splice(0).reverse()) await stop();
});

/** A replica of a counter, bound and not started. */
async function bind(replicaId: string, coordinator: CoordinatorFactory): Promise<ReplicaServer & { address: string }> {
  let sum = 0;
  const replica = createReplica({
    ...({ replicaId, coordinator, serviceConfig, handleSignals: false, logger: 'none' } as const),
    state: {
      checkpoint: () => Buffer.of(sum),
      restore: ([value = 0]) => {
        sum = value;
      },
    },
  });
  const bound = new grpc.Server({ interceptors: replica.interceptors() });
  replica.attach(bound);
  bound.addService(Till, {
    add: ({ request }: { request: Buffer }, answer: grpc.sendUnaryData<Buffer>) => {
      sum += request[0] ?? 0;
      answer(null, Buffer.of(sum));
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    bound.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, found) =>
      error === null ? resolve(found) : reject(error),
    ),
  );
  stoppers.push(() => bound.forceShutdown());
  return Object.assign(replica, { address: `127.0.0.1:${port}` });
}

/** Adds with a client that was made just now, and knows only this replica. */
function add(address: string, by: number): Promise<number | undefined> {
  const client = new grpc.Client(
    `understudy:///${address}`,
    grpc.credentials.createInsecure(),
    replicated({ serviceConfig }),
  );
  return new Promise<number | undefined>((resolve, reject) =>
    client.makeUnaryRequest('/till.Till/Add', bytes, bytes, Buffer.of(by), (error, reply) =>
      error === null ? resolve(reply?.[0]) : reject(error),
    ),
  ).finally(() => client.close());
}

describe('an etcd that loses everything under a group that runs', () => {
  it.each<[string, (server: EtcdProcess) => Promise<unknown>]>([
    [
      'as somebody deletes its keys',
      async ({ host }) => {
        const client = new Etcd3({ hosts: host });
        await client.delete().prefix('understudy/').exec();
        client.close();
      },
    ],
    [
      'as it begins anew with an empty volume',
      async (server) => {
        await server.kill();
        server.forget();
        await server.start();
      },
    ],
  ])('has a replica that starts at once join: %s', async (_how, lose) => {
    const server = await EtcdProcess.start();
    stoppers.push(() => server.remove());
    // Nobody notices by renewing a lease.
    const noticed = new NoticedLate(etcd({ hosts: server.host, presenceTtlS: 60 }));
    const members: (ReplicaServer & { address: string })[] = [];
    for (const id of ['till-1', 'till-2', 'till-3']) {
      const member = await bind(id, noticed.factory);
      await member.start({ address: member.address });
      members.push(member);
    }
    const [first] = members as [ReplicaServer & { address: string }];
    expect(await add(first.address, 7)).toBe(7);
    const late = await bind('till-4', noticed.factory);
    const roles: string[] = [];
    late.on('role', ({ role }) => roles.push(role));
    await lose(server);
    noticed.deleted();
    await late.start({ address: late.address });
    expect(roles).toEqual(['backup']);
    expect(await add(late.address, 1)).toBe(8);
    expect(first.status).toMatchObject({ role: 'primary', term: 1 });
    // One after the other: the last one has nobody to hand over to.
    for (const member of [late, ...members.reverse()]) await member.stop();
  });
});

describe('an etcd that is full', () => {
  it('is waited for by a replica that starts, which says so, and starts once there is room', async () => {
    const server = await EtcdProcess.start(['--quota-backend-bytes', '1000000']);
    stoppers.push(() => server.remove());
    const client = new Etcd3({ hosts: server.host });
    stoppers.push(() => client.close());
    const fill = async (): Promise<void> => {
      for (;;) await client.put('filler').value('x'.repeat(100_000)).exec();
    };
    await expect(fill()).rejects.toThrow(/space/);
    const first = await bind('till-1', etcd({ hosts: server.host }));
    let settled = false;
    // A program that does not catch an error of this ends, and begins again, and again.
    const started = first.start({ address: first.address }).finally(() => {
      settled = true;
    });
    started.catch(() => {});
    while (!first.status.blocked?.includes('alarm NOSPACE')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(settled).toBe(false);
    // The client that failed would not ask again for a while.
    const operator = new Etcd3({ hosts: server.host });
    stoppers.push(() => operator.close());
    const { header } = await operator.get('filler').exec();
    await operator.kv.compact({ revision: header.revision, physical: true });
    await operator.maintenance.defragment();
    const { alarms } = await operator.maintenance.alarm({ action: 'Get', memberID: 0, alarm: 'None' });
    for (const { alarm, memberID } of alarms) {
      await operator.maintenance.alarm({ action: 'Deactivate', memberID, alarm });
    }
    await started;
    expect(await add(first.address, 7)).toBe(7);
    await first.stop();
  });
});
