import { expect, it } from 'vitest';
import type { Incarnation, ReplicaId } from '../model/ids.js';
import type { GroupRecord } from '../model/record.js';
import { C, recordJson } from '../testing/sample-record.js';
import { parseRecord } from './codec.js';
import { forceRecord } from './force.js';
import { addMember, forgetMembers, MEMBERS_MAX } from './transitions.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `pod-${String(i).padStart(4, '0')}`);
const addresses = (ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, `${id}:1`]));
const inSync = ['bank-1', 'bank-2'];
const record = (more: readonly string[]): GroupRecord =>
  parseRecord(recordJson({ addresses: addresses([...inSync, ...more]), peerAddresses: addresses(more) }), 'bank');
const newcomer = { id: 'pod-x' as ReplicaId, incarnation: C as Incarnation };

it('a replica that is forgotten leaves the addresses, and also the in-sync set if it is in it', () => {
  const forgotten = forgetMembers(record(['pod-1', 'pod-2']), ['pod-1' as ReplicaId, 'bank-2' as ReplicaId]);
  expect(Object.keys(forgotten.addresses)).toEqual(['bank-1', 'pod-2']);
  expect(forgotten.peerAddresses).toEqual({ 'pod-2': 'pod-2:1' });
  expect(forgotten.inSync.map(({ id }) => id)).toEqual(['bank-1']);
  expect(parseRecord(forgotten, 'bank')).toEqual(forgotten);
});

it('the primary is never forgotten', () => {
  expect(forgetMembers(record([]), ['bank-1' as ReplicaId]).inSync.map(({ id }) => id)).toContain('bank-1');
});

it('a newcomer takes the place of a replica that is gone, so the record does not grow', () => {
  const full = record(names(MEMBERS_MAX - 2));
  const next = addMember(full, newcomer, 'pod-x:1', undefined, ['pod-0000' as ReplicaId]);
  expect(Object.keys(next.addresses)).toHaveLength(MEMBERS_MAX);
  expect(next.addresses).toHaveProperty(['pod-x'], 'pod-x:1');
  expect(next.addresses).not.toHaveProperty(['pod-0000']);
});

it('a record that an operator forces stays within its bound, however many replicas it named before', () => {
  for (const before of [MEMBERS_MAX - 2, 1022]) {
    const forced = forceRecord(record(names(before)), newcomer, 'pod-x:1');
    expect(Object.keys(forced.addresses)).toHaveLength(MEMBERS_MAX);
    expect(forced.addresses).toHaveProperty(['pod-x'], 'pod-x:1');
    expect(parseRecord(forced, 'bank')).toEqual(forced);
  }
});
