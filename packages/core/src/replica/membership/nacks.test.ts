import { expect, it } from 'vitest';
import { parseServiceConfig } from '../../config/service-config.js';
import {
  type CallId,
  connectionId,
  type Epoch,
  type Incarnation,
  type ReplicaId,
  type SeqNum,
  type Term,
} from '../../model/ids.js';
import type { Member } from '../../model/record.js';
import { createRecord } from '../../record/transitions.js';
import { SECRET } from '../../testing/world/identity.js';
import { VIRTUAL_PORTS } from '../../testing/world/virtual-ports.js';
import { Replica } from '../replica.js';
import type { ReplicaEffect } from '../state/events.js';

const MEGABYTE = 1024 * 1024;
const CALLS = 20;
const LEASE_MS = 300;

const memberOf = (digit: string): Member => ({
  id: `S${digit}` as ReplicaId,
  incarnation: digit.repeat(32) as Incarnation,
});
const primary = memberOf('1');
const backup = memberOf('2');
const plain = connectionId('plain', primary.incarnation);

/** A primary that has ordered calls of 2 MiB each, which its backup is to lack. */
function primaryWithLargeCalls(): Replica {
  const config = parseServiceConfig({
    loadBalancingConfig: [{ understudy: { group: 'bank', replication: 'passive', leaseMs: LEASE_MS } }],
  });
  const replica = new Replica({
    member: primary,
    address: 'localhost:1',
    config,
    admits: false,
    ...VIRTUAL_PORTS,
    wallClock: () => 0,
  });
  const record = createRecord('bank', primary, 'localhost:1', SECRET);
  replica.step({ kind: 'start', record }, 0);
  replica.step({ kind: 'record', record: { ...record, epoch: 2 as Epoch, inSync: [primary, backup] } }, 0);
  replica.step({ kind: 'peerUp', peer: backup }, 0);
  for (let i = 1; i <= CALLS; i++) {
    const request = { method: '/bank.Bank/Put', message: new Uint8Array(2 * MEGABYTE) };
    for (const effect of replica.step(
      { kind: 'plainCall', call: i as CallId, peer: '', readOnly: false, request },
      0,
    )) {
      if (effect.kind !== 'execute') continue;
      const outcome = { kind: 'reply' as const, code: 0, details: '' };
      replica.step({ kind: 'executed', task: effect.task, outcome, digest: 0, outputs: [] }, 0);
    }
  }
  return replica;
}

/** The backup asks for everything. @returns the bytes that it is sent */
function bytesOnAsking(replica: Replica, nowMs: number): number {
  const bodies = Array.from({ length: CALLS }, (_, i) => ({ connection: plain, seqNum: (i + 1) as SeqNum }));
  const frame = { kind: 'nack', term: replica.status.term as Term, ordersAfter: undefined, bodies } as const;
  const sent = replica.step({ kind: 'peerFrame', from: backup, frame }, nowMs);
  return sent.reduce((sum, effect) => sum + bytesOf(effect), 0);
}

function bytesOf(effect: ReplicaEffect): number {
  if (effect.kind !== 'sendToPeer' || effect.frame.kind !== 'bodies') return 0;
  return effect.frame.bodies.reduce((sum, { request }) => sum + request.message.length, 0);
}

it('a backup that asks again for large bodies while they are on their way does not get them a second time', () => {
  const replica = primaryWithLargeCalls();
  expect(bytesOnAsking(replica, 1)).toBe(8 * MEGABYTE);
  expect(bytesOnAsking(replica, 21)).toBe(0);
});

it('a backup that has not got the bodies within a lease is sent them again', () => {
  const replica = primaryWithLargeCalls();
  expect(bytesOnAsking(replica, 1)).toBe(8 * MEGABYTE);
  expect(bytesOnAsking(replica, 1 + LEASE_MS)).toBe(8 * MEGABYTE);
});

it('a backup whose link is new is sent at once what it asks for', () => {
  const replica = primaryWithLargeCalls();
  expect(bytesOnAsking(replica, 1)).toBe(8 * MEGABYTE);
  replica.step({ kind: 'peerDown', peer: backup.id }, 2);
  replica.step({ kind: 'peerUp', peer: backup }, 3);
  expect(bytesOnAsking(replica, 4)).toBe(8 * MEGABYTE);
});
