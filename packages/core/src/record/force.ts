/** The record that an operator forces when every in-sync replica is gone. */

import { next } from '../model/ids.js';
import type { GroupRecord, Member } from '../model/record.js';

/**
 * Makes the chosen replica primary and the only one in sync, although it may lack what others held (DESIGN §5.4). The
 * adoptions stay, so orders that earlier promotions cut do not come back.
 *
 * @param record the current record
 * @param member the chosen replica in its present incarnation
 * @param address where that replica is reached, `host:port`
 */
export function forceRecord(record: GroupRecord, member: Member, address: string): GroupRecord {
  return {
    ...record,
    origin: member.incarnation,
    epoch: next(record.epoch),
    term: next(record.term),
    primary: member,
    inSync: [member],
    // A computed key defines a property; an assignment to `__proto__` would set the prototype instead.
    addresses: { ...record.addresses, [member.id]: address },
    forced: true,
  };
}
