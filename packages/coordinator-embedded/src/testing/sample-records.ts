/** Records and replicas for the tests of coordinators. */
import type { Epoch, GroupRecord, Incarnation, Member, ReplicaId, Term } from '@understudy/core';

/** A replica whose incarnation follows from its number. */
export const sampleMember = (number: number): Member => ({
  id: `replica-${number}` as ReplicaId,
  incarnation: number.toString(16).padStart(32, '0') as Incarnation,
});

/** A record for any epoch. Records of one epoch with different `by` differ. */
export function sampleRecord(group: string, epoch: number, by = 1): GroupRecord {
  const member = sampleMember(by);
  return {
    version: 1,
    group,
    origin: member.incarnation,
    secret: 'of tests',
    epoch: epoch as Epoch,
    term: epoch as Term,
    primary: member,
    inSync: [member],
    addresses: { [member.id]: `127.0.0.1:${by}` },
    adoptedThrough: [],
    settings: '{}',
    code: [{ term: 1 as Term, version: '', replication: 'semi-active' }],
    forced: false,
    ended: false,
  };
}
