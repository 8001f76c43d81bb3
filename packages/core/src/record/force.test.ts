import { expect, it } from 'vitest';
import type { Incarnation, ReplicaId } from '../model/ids.js';
import { parseRecord } from './codec.js';
import { forceRecord } from './force.js';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string];

const record = parseRecord(
  {
    version: 1,
    group: 'bank',
    origin: A,
    secret: 'of tests',
    epoch: 7,
    term: 3,
    primary: { id: 'bank-1', incarnation: A },
    inSync: [
      { id: 'bank-1', incarnation: A },
      { id: 'bank-2', incarnation: B },
    ],
    addresses: { 'bank-1': 'h:1', 'bank-2': 'h:2' },
    adoptedThrough: [{ term: 3, through: 41 }],
    forced: false,
  },
  'bank',
);

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
  });
  expect(parseRecord(forced, 'bank')).toEqual(forced);
});

it('a forced record has the present address of the chosen replica', () => {
  const forced = forceRecord(record, { id: 'bank-2' as ReplicaId, incarnation: C as Incarnation }, 'h:9');
  expect(forced.addresses).toEqual({ 'bank-1': 'h:1', 'bank-2': 'h:9' });
});
