import { expect, it } from 'vitest';
import type { Incarnation, ReplicaId } from '../model/ids.js';
import { C, recordJson } from '../testing/sample-record.js';
import { parseRecord } from './codec.js';
import { forceRecord } from './force.js';
import { addMember, peerAddressOf } from './transitions.js';

const record = parseRecord(recordJson({ addresses: { 'bank-1': 'h:1', 'bank-2': 'h:2' }, ended: true }), 'bank');

it('a forced record makes the chosen replica the primary and the only one in sync, in a new term', () => {
  const member = { id: 'bank-3' as ReplicaId, incarnation: C as Incarnation };
  const forced = forceRecord(record, member, 'h:3');
  expect(forced).toEqual({
    ...record,
    origin: C,
    epoch: 8,
    term: 4,
    primary: member,
    inSync: [member],
    addresses: { 'bank-1': 'h:1', 'bank-2': 'h:2', 'bank-3': 'h:3' },
    forced: true,
    ended: false,
  });
  expect(parseRecord(forced, 'bank')).toEqual(forced);
});

it('a forced record has the current address of the chosen replica', () => {
  const forced = forceRecord(record, { id: 'bank-2' as ReplicaId, incarnation: C as Incarnation }, 'h:9');
  expect(forced.addresses).toEqual({ 'bank-1': 'h:1', 'bank-2': 'h:9' });
});

it('a record has the peer addresses of the replicas that have one, and no such field if none has', () => {
  const member = { id: 'bank-3' as ReplicaId, incarnation: C as Incarnation };
  const forced = forceRecord(record, member, 'h:3', 'h:4');
  expect(parseRecord(forced, 'bank')).toEqual(forced);
  expect(forced.peerAddresses).toEqual({ 'bank-3': 'h:4' });
  expect([peerAddressOf(forced, 'bank-3'), peerAddressOf(forced, 'bank-2')]).toEqual(['h:4', 'h:2']);
  expect(peerAddressOf(forced, '__proto__')).toBeUndefined();
  expect(addMember(forced, member, 'h:3')).not.toHaveProperty('peerAddresses');
});
