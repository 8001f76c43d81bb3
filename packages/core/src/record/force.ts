/** The record that an operator forces when every in-sync replica is gone. */

import { next, type ReplicaId } from '../model/ids.js';
import type { GroupRecord, Leadership, Member } from '../model/record.js';
import { codeOf, forgetMembers, MEMBERS_MAX, withAddress, withLeadership } from './transitions.js';

/**
 * Makes the chosen replica primary and the only one in sync, although it may lack what others held (DESIGN §5.4). The
 * adoptions stay, so orders that earlier promotions cut do not come back.
 *
 * @param record the current record
 * @param member the chosen replica in its present incarnation
 * @param address where clients reach that replica, `host:port`
 * @param peerAddress where other replicas reach it, if that is another address
 * @param leadership what it brings, if that is known; otherwise it says so itself before it serves
 */
export function forceRecord(
  record: GroupRecord,
  member: Member,
  address: string,
  peerAddress?: string,
  leadership: Leadership = leadershipOf(record),
): GroupRecord {
  // Only the chosen replica is in sync, so there is always room for it.
  const others = Object.keys(record.addresses).filter((id) => id !== member.id) as ReplicaId[];
  const gone = others.length >= MEMBERS_MAX ? others.slice(MEMBERS_MAX - 1) : [];
  const { addresses, peerAddresses, ...rest } = forgetMembers({ ...record, inSync: [], primary: member }, gone);
  const reached = { addresses, ...(peerAddresses !== undefined && { peerAddresses }) };
  const forced: GroupRecord = {
    ...withAddress({ ...rest, ...reached }, member.id, address, peerAddress),
    origin: member.incarnation,
    epoch: next(record.epoch),
    term: next(record.term),
    primary: member,
    inSync: [member],
    forced: true,
    ended: false,
  };
  return withLeadership(forced, leadership);
}

const leadershipOf = (record: GroupRecord): Leadership => {
  const { version = '', replication = 'semi-active' } = codeOf(record, record.term) ?? {};
  return { settings: record.settings, version, replication };
};
