import { next } from '../model/ids.js';
import type { GroupRecord, Member } from '../model/record.js';

/**
 * The record after an operator's word that one replica is the truth, though it may lack what others held (DESIGN §5.4).
 * Adoptions stay: what earlier promotions cut off must not come back because of it.
 *
 * @param record the current record
 * @param member the chosen replica in its present incarnation
 * @param address where it is reached, `host:port`
 */
export function forceRecord(record: GroupRecord, member: Member, address: string): GroupRecord {
  return {
    ...record,
    origin: member.incarnation,
    epoch: next(record.epoch),
    term: next(record.term),
    primary: member,
    inSync: [member],
    // Computed in a literal, where an assignment would give an id of `__proto__` another meaning.
    addresses: { ...record.addresses, [member.id]: address },
    forced: true,
  };
}
