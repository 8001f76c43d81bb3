/** The changes that a group's record can undergo, and which orders of older terms it counts as history. */

import type { OrderNum, ReplicaId, Term } from '../model/ids.js';
import { next } from '../model/ids.js';
import type { Adoption, Deaths, GroupRecord, Leadership, Member, TermCode } from '../model/record.js';
import { nothingSuspected, primaryDied, withDeaths } from './deaths.js';

/** How many adoptions the record remembers. Orders of terms before them count only up to the oldest of these. */
export const ADOPTIONS_KEPT = 32;

/** How many changes of code the record remembers. Nobody executes orders of terms before them. */
const CODES_KEPT = 32;

/** How many replicas a record may name, in sync or not: each of them is dialled by all others. */
export const MEMBERS_MAX = 128;

/** The adoptions in a record or a view. */
type Adoptions = Pick<GroupRecord, 'term' | 'adoptedThrough'>;

export const sameMember = (a: Member, b: Member): boolean =>
  a.id === b.id && /* rule incarnation-is-member */ a.incarnation === b.incarnation;

export const isInSync = (record: GroupRecord, member: Member): boolean =>
  record.inSync.some((other) => sameMember(other, member));

type Addresses = Pick<GroupRecord, 'addresses' | 'peerAddresses'>;

/** The same record with the addresses at which clients and other replicas reach one replica. */
export function withAddress<R extends Addresses>(
  { peerAddresses = {}, ...record }: R,
  id: ReplicaId,
  address: string,
  peerAddress: string | undefined,
): Omit<R, 'peerAddresses'> & Pick<GroupRecord, 'peerAddresses'> {
  const others = Object.entries(peerAddresses).filter(([other]) => other !== id);
  const peers = peerAddress === undefined ? others : [...others, [id, peerAddress]];
  // `fromEntries` and a computed key define properties; an assignment to `__proto__` would set the prototype instead.
  const next = { ...record, addresses: { ...record.addresses, [id]: address } };
  return peers.length === 0 ? next : { ...next, peerAddresses: Object.fromEntries(peers) };
}

/** Where other replicas reach a member of the record. */
export const peerAddressOf = ({ addresses, peerAddresses }: Addresses, id: string): string | undefined =>
  ownValue(peerAddresses, id) ?? ownValue(addresses, id);

/**
 * Where clients reach a member; empty if that is unknown. The change comes first: a member that it adds may have had
 * another address in an earlier life.
 */
export const addressIn = (id: string, change: Addresses | undefined, record: Addresses | undefined): string =>
  ownValue(change?.addresses, id) ?? ownValue(record?.addresses, id) ?? '';

/** The value of an id, which may be `__proto__` like any other. */
export const ownValue = (values: Readonly<Record<string, string>> | undefined, id: string): string | undefined =>
  values !== undefined && Object.hasOwn(values, id) ? values[id] : undefined;

/**
 * The first record of a group: its creator is the primary and alone in sync.
 *
 * @param secret random text that nobody can guess
 */
export function createRecord(
  group: string,
  member: Member,
  address: string,
  secret: string,
  leadership: Leadership,
  peerAddress?: string,
): GroupRecord {
  const record: GroupRecord = {
    version: 1,
    group,
    origin: member.incarnation,
    secret,
    epoch: 1 as GroupRecord['epoch'],
    term: 1 as GroupRecord['term'],
    primary: member,
    inSync: [member],
    addresses: {},
    adoptedThrough: [],
    settings: '',
    code: [],
    forced: false,
    ended: false,
  };
  return withLeadership(withAddress(record, member.id, address, peerAddress), leadership);
}

/** The settings and the code of the record's primary are these ones, for its term. */
export function withLeadership(record: GroupRecord, leadership: Leadership): GroupRecord {
  const { settings, version, replication } = leadership;
  const before = record.code.filter(({ term }) => term < record.term);
  const last = before.at(-1);
  const isSame = last?.version === version && last.replication === replication;
  const code = isSame ? before : [...before, { term: record.term, version, replication }];
  return { ...record, settings, code: code.slice(-CODES_KEPT) };
}

/** Who gave the orders of a term; undefined if that is no longer remembered. */
export const codeOf = ({ code }: Pick<GroupRecord, 'code'>, term: Term): TermCode | undefined =>
  code.findLast((entry) => entry.term <= term);

/** The last replica in sync stops and leaves no successor. It answers nothing after it has proposed this. */
export function endRecord(record: GroupRecord): GroupRecord {
  return { ...record, epoch: next(record.epoch), ended: true };
}

/**
 * An in-sync backup takes over, because the primary is silent. The same change removes the old primary and raises the
 * term (DESIGN 5.4).
 *
 * @param soon whether the old primary still took care after the death of its predecessor
 */
export function claim(record: GroupRecord, claimant: Member, leadership: Leadership, soon: boolean): GroupRecord {
  return primaryDied(withLeadership(designate(record, claimant, record.primary.id), leadership), soon);
}

/**
 * The primary designates its successor and leaves the set.
 *
 * @param through the last order that it gave, if all are stable. Then every in-sync replica holds exactly these orders,
 *   and the successor need not ask anyone for more
 * @param leadership what the successor brings
 */
export function handOver(
  record: GroupRecord,
  successor: Member,
  through: OrderNum | undefined,
  leadership: Leadership,
): GroupRecord {
  const next = withLeadership(designate(record, successor, record.primary.id), leadership);
  return through === undefined ? next : withAdoption(nothingSuspected(next), through);
}

function designate(record: GroupRecord, primary: Member, leaving: ReplicaId): GroupRecord {
  return {
    ...record,
    epoch: next(record.epoch),
    term: /* rule claim-raises-term */ next(record.term),
    primary,
    inSync: record.inSync.filter((member) => /* rule deposed-leaves-set */ member.id !== leaving),
    forced: false,
  };
}

/** Removes replicas from the in-sync set. */
export function removeMembers(record: GroupRecord, gone: readonly Member[]): GroupRecord {
  return {
    ...record,
    epoch: next(record.epoch),
    inSync: record.inSync.filter((member) => !gone.some((other) => sameMember(other, member))),
  };
}

/** The same record without the addresses of these replicas, as far as none of them is in sync. */
function withoutAddresses(record: GroupRecord, gone: readonly ReplicaId[]): GroupRecord {
  const { addresses, peerAddresses = {}, ...rest } = record;
  const stays = ([id]: readonly [string, string]): boolean =>
    !gone.includes(id as ReplicaId) || record.inSync.some((member) => member.id === id);
  const peers = Object.entries(peerAddresses).filter(stays);
  return {
    ...{ ...rest, addresses: Object.fromEntries(Object.entries(addresses).filter(stays)) },
    ...(peers.length > 0 && { peerAddresses: Object.fromEntries(peers) }),
  };
}

/** Replicas that have been gone for long, or that an operator removed, leave the record. */
export function forgetMembers(record: GroupRecord, gone: readonly ReplicaId[]): GroupRecord {
  const inSync = record.inSync.filter(({ id }) => id === record.primary.id || !gone.includes(id));
  return { ...withoutAddresses({ ...record, inSync }, gone), epoch: next(record.epoch) };
}

/**
 * Adds a replica that has caught up. An older life of it leaves the set.
 *
 * @param gone replicas that make room for it
 */
export function addMember(
  record: GroupRecord,
  member: Member,
  address: string,
  peerAddress?: string,
  gone: readonly ReplicaId[] = [],
): GroupRecord {
  return {
    ...withAddress(withoutAddresses(record, gone), member.id, address, peerAddress),
    epoch: next(record.epoch),
    inSync: [...record.inSync.filter((other) => other.id !== member.id), member],
  };
}

/**
 * Publishes how far a promotion adopted older terms, what it suspects of the last primary's death, and removes peers
 * that stayed silent.
 */
export function publishAdoption(
  record: GroupRecord,
  through: OrderNum,
  silent: readonly Member[],
  deaths: Deaths,
): GroupRecord {
  return withAdoption(withDeaths(removeMembers(record, silent), deaths), through);
}

function withAdoption(record: GroupRecord, through: OrderNum): GroupRecord {
  const adoptions: Adoption[] = [...record.adoptedThrough, { term: record.term, through }];
  return { ...record, adoptedThrough: adoptions.slice(-ADOPTIONS_KEPT) };
}

/** Whether an order of an older term is part of the history: every later promotion must have adopted it. */
export function isAdopted(
  { adoptedThrough }: Adoptions,
  order: { readonly term: number; readonly orderNum: number },
): boolean {
  const oldest = adoptedThrough[0];
  if (adoptedThrough.length === ADOPTIONS_KEPT && oldest !== undefined && order.term < oldest.term - 1) {
    return order.orderNum <= oldest.through;
  }
  return adoptedThrough.every(({ term, through }) => term <= order.term || order.orderNum <= through);
}

/** Whether the promotion to the record's term has published how far it adopted. */
export const adoptionPublished = ({ term, adoptedThrough }: Adoptions): boolean =>
  term === 1 || adoptedThrough.at(-1)?.term === term;
