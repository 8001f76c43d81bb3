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
const BRINGS = { settings: '{}', version: '', replication: 'semi-active' } as const;
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
  const record = createRecord('bank', primary, 'localhost:1', SECRET, BRINGS);
  replica.step({ kind: 'start', record }, 0);
  replica.step({ kind: 'record', record: { ...record, epoch: 2 as Epoch, inSync: [primary, backup] } }, 0);
  replica.step({ kind: 'peerUp', peer: backup, brings: BRINGS }, 0);
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

/** The backup asks for everything, and what it is sent may stay on the link. @returns the bytes that it is sent */
function bytesOnAsking(replica: Replica, nowMs: number): number {
  const bodies = Array.from({ length: CALLS }, (_, i) => ({ connection: plain, seqNum: (i + 1) as SeqNum }));
  const frame = { kind: 'nack', term: replica.status.term as Term, ordersAfter: undefined, bodies } as const;
  return bytesOf(replica.step({ kind: 'peerFrame', from: backup, frame }, nowMs)) + flushed(replica, nowMs);
}

const flushed = (replica: Replica, nowMs: number): number => bytesOf(replica.step({ kind: 'flush' }, nowMs));

/** The link has passed on the oldest body. @returns the bytes that follow */
const bytesOnPassing = (replica: Replica, nowMs: number): number =>
  bytesOf(replica.step({ kind: 'peerSent', peer: backup.id }, nowMs)) + flushed(replica, nowMs);

function bytesOf(effects: readonly ReplicaEffect[]): number {
  let bytes = 0;
  for (const effect of effects) {
    if (effect.kind !== 'sendToPeer' || (effect.frame.kind !== 'bodies' && effect.frame.kind !== 'announce')) continue;
    for (const { request } of effect.frame.bodies) bytes += request.message.length;
  }
  return bytes;
}

it('large bodies of plain calls leave one by one, and each waits until the link has passed on the one before', () => {
  const replica = primaryWithLargeCalls();
  expect(flushed(replica, 1)).toBe(2 * MEGABYTE);
  expect(flushed(replica, 2)).toBe(0);
  let bytes = 2 * MEGABYTE;
  for (let i = 2; i <= CALLS; i++) bytes += bytesOnPassing(replica, i);
  expect(bytes).toBe(CALLS * 2 * MEGABYTE);
  expect(bytesOnPassing(replica, CALLS)).toBe(0);
});

it('a backup that asks for large bodies that already wait or travel does not get them twice', () => {
  const replica = primaryWithLargeCalls();
  expect(flushed(replica, 1)).toBe(2 * MEGABYTE);
  expect(bytesOnAsking(replica, 21)).toBe(0);
  expect(bytesOnAsking(replica, 21 + LEASE_MS)).toBe(0);
  let bytes = 2 * MEGABYTE;
  for (let i = 2; i <= CALLS + 1; i++) bytes += bytesOnPassing(replica, 400 + i) + bytesOnAsking(replica, 400 + i);
  expect(bytes).toBe(CALLS * 2 * MEGABYTE);
});

it('a backup that still lacks a body half a second after the link passed it on gets it again', () => {
  const replica = primaryWithLargeCalls();
  flushed(replica, 1);
  for (let i = 1; i <= CALLS; i++) bytesOnPassing(replica, 2);
  expect(bytesOnAsking(replica, 499)).toBe(0);
  expect(bytesOnAsking(replica, 502)).toBe(2 * MEGABYTE);
});

it('a backup with a new link gets at once what it asks for', () => {
  const replica = primaryWithLargeCalls();
  expect(flushed(replica, 1)).toBe(2 * MEGABYTE);
  replica.step({ kind: 'peerDown', peer: backup.id }, 2);
  replica.step({ kind: 'peerUp', peer: backup, brings: BRINGS }, 3);
  expect(bytesOnAsking(replica, 4)).toBe(2 * MEGABYTE);
});
