import { expect, it } from 'vitest';
import type { Incarnation, Member, ReplicaId } from '../../index.js';
import { MEMBERS_MAX } from '../../record/transitions.js';
import type { PrimaryState } from '../state/primary-state.js';
import { roomFor } from './forgetting.js';

/** A primary whose record names so many replicas, of which these do not run. */
function primary(count: number, gone: ReadonlyMap<string, number>): PrimaryState {
  const names = Array.from({ length: count }, (_, i) => `pod-${i}`);
  const self = { id: 'pod-0' as ReplicaId, incarnation: '0'.repeat(32) as Incarnation } satisfies Member;
  const r = {
    nowMs: 1000,
    record: { inSync: [self], addresses: Object.fromEntries(names.map((name) => [name, `${name}:1`])) },
    peers: { isConnected: (id: string) => !gone.has(id) },
  };
  return { r, goneSinceMs: gone } as unknown as PrimaryState;
}

const NEWCOMER = 'pod-x' as ReplicaId;

it('no replica is forgotten while there is room, or for a newcomer that the record already names', () => {
  const gone = new Map([['pod-1', 5]]);
  expect(roomFor(primary(MEMBERS_MAX - 1, gone), NEWCOMER)).toEqual([]);
  expect(roomFor(primary(MEMBERS_MAX, gone), 'pod-7' as ReplicaId)).toEqual([]);
});

it('the replicas that have been gone for longest are forgotten for a newcomer, no more than needed', () => {
  const gone = new Map([
    ['pod-1', 50],
    ['pod-2', 30],
    ['pod-3', 40],
  ]);
  expect(roomFor(primary(MEMBERS_MAX, gone), NEWCOMER)).toEqual(['pod-2']);
  expect(roomFor(primary(MEMBERS_MAX + 1, gone), NEWCOMER)).toEqual(['pod-2', 'pod-3']);
});

it('a newcomer is refused while all others run', () => {
  expect(roomFor(primary(MEMBERS_MAX, new Map()), NEWCOMER)).toBeUndefined();
});
