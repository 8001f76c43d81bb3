/** Replicas, the view that a replica has of its group, and the group's record. */
import type {
  Adoption,
  Epoch,
  GroupRecord,
  Incarnation,
  Leadership,
  Member,
  OrderNum,
  ReplicaId,
  Term,
  TermCode,
} from '@understudy/core';
import { isAddress, type View } from '@understudy/core/internal';
import { malformed } from '../../bytes/failure.js';
import { ID_BYTES } from '../../bytes/layout.js';
import type { Reader } from '../../bytes/reader.js';
import type { Writer } from '../../bytes/writer.js';
import { readDeaths, writeDeaths } from './deaths.js';

const MEMBER_MIN_BYTES = 1 + ID_BYTES;
const PAIR_MIN_BYTES = 2;

export function writeMember(w: Writer, member: Member): void {
  w.string(member.id);
  w.id(member.incarnation);
}

export function readMember(r: Reader): Member {
  return { id: r.string() as ReplicaId, incarnation: r.id() as Incarnation };
}

export function writeMembers(w: Writer, members: readonly Member[]): void {
  w.varint(members.length);
  for (const member of members) writeMember(w, member);
}

export function readMembers(r: Reader): Member[] {
  const members: Member[] = [];
  for (let left = r.count(MEMBER_MIN_BYTES); left > 0; left--) members.push(readMember(r));
  return members;
}

export function writeView(w: Writer, view: View): void {
  w.varint(view.term);
  w.varint(view.epoch);
  w.boolean(view.primary !== undefined);
  if (view.primary !== undefined) w.string(view.primary);
  writeMembers(w, view.inSync);
  for (const index of view.inSync.keys()) w.string(view.addresses[index] ?? '');
  writeAdoptions(w, view.adoptedThrough);
}

export function readView(r: Reader): View {
  const term = r.varint() as Term;
  const epoch = r.varint() as Epoch;
  const primary = r.boolean() ? (r.string() as ReplicaId) : undefined;
  const inSync = readMembers(r);
  const addresses = inSync.map(() => {
    const address = r.string();
    return address === '' || isAddress(address) ? address : malformed('an address that is not host:port');
  });
  return { term, epoch, primary, inSync, addresses, adoptedThrough: readAdoptions(r) };
}

export function writeRecord(w: Writer, record: GroupRecord): void {
  w.varint(record.version);
  w.string(record.group);
  w.id(record.origin);
  w.string(record.secret);
  w.varint(record.epoch);
  w.varint(record.term);
  writeMember(w, record.primary);
  writeMembers(w, record.inSync);
  writeAddresses(w, record.addresses);
  writeAddresses(w, record.peerAddresses ?? {});
  writeAdoptions(w, record.adoptedThrough);
  w.string(record.settings);
  writeCode(w, record.code);
  w.boolean(record.forced);
  w.boolean(record.ended);
  writeDeaths(w, record.deaths);
}

export function readRecord(r: Reader): GroupRecord {
  const version = r.varint();
  if (version !== 1) malformed(`group record of version ${version}, and this version of Understudy reads only 1`);
  const record: GroupRecord = {
    version,
    group: r.string(),
    origin: r.id() as Incarnation,
    secret: r.string(),
    epoch: r.varint() as Epoch,
    term: r.varint() as Term,
    primary: readMember(r),
    inSync: readMembers(r),
    addresses: readAddresses(r),
    ...peerAddressesOf(readAddresses(r)),
    adoptedThrough: readAdoptions(r),
    settings: r.string(),
    code: readCode(r),
    forced: r.boolean(),
    ended: r.boolean(),
    ...readDeaths(r),
  };
  return record;
}

/** A term, an empty text and a flag. */
const CODE_MIN_BYTES = 3;

function writeCode(w: Writer, code: readonly TermCode[]): void {
  w.varint(code.length);
  for (const { term, version, replication } of code) {
    w.varint(term);
    w.string(version);
    w.boolean(replication === 'passive');
  }
}

function readCode(r: Reader): TermCode[] {
  const code: TermCode[] = [];
  for (let left = r.count(CODE_MIN_BYTES); left > 0; left--) {
    code.push({ term: r.varint() as Term, version: r.string(), replication: readReplication(r) });
  }
  return code;
}

const readReplication = (r: Reader): TermCode['replication'] => (r.boolean() ? 'passive' : 'semi-active');

export function writeLeadership(w: Writer, { settings, version, replication }: Leadership): void {
  w.string(settings);
  w.string(version);
  w.boolean(replication === 'passive');
}

export const readLeadership = (r: Reader): Leadership => ({
  settings: r.string(),
  version: r.string(),
  replication: readReplication(r),
});

/** A record without such addresses has no such field, so that equal records are equal after a journey, too. */
const peerAddressesOf = (peerAddresses: Readonly<Record<string, string>>) =>
  Object.keys(peerAddresses).length === 0 ? {} : { peerAddresses };

/** @throws UnderstudyError UNDERSTUDY_MALFORMED for a text that is not `host:port` */
export function readAddress(r: Reader): string {
  const address = r.string();
  if (!isAddress(address)) malformed('an address that is not host:port');
  return address;
}

export const writeOptionalAddress = (w: Writer, address: string | undefined): void => {
  w.boolean(address !== undefined);
  if (address !== undefined) w.string(address);
};

export const readOptionalAddress = (r: Reader): string | undefined => (r.boolean() ? readAddress(r) : undefined);

/** Ascending by replica id, so that equal records have equal encodings. */
function writeAddresses(w: Writer, addresses: Readonly<Record<string, string>>): void {
  const ids = Object.keys(addresses).sort();
  w.varint(ids.length);
  for (const id of ids) {
    w.string(id);
    w.string(addresses[id] as string);
  }
}

function readAddresses(r: Reader): Record<string, string> {
  const entries: [string, string][] = [];
  let previous: string | undefined;
  for (let left = r.count(PAIR_MIN_BYTES); left > 0; left--) {
    const id = r.string();
    if (previous !== undefined && id <= previous) malformed('the addresses of a record do not ascend');
    entries.push([id, readAddress(r)]);
    previous = id;
  }
  // Assigning to properties would not do: `__proto__` is a name like any other here.
  return Object.fromEntries(entries);
}

function writeAdoptions(w: Writer, adoptions: readonly Adoption[]): void {
  w.varint(adoptions.length);
  for (const { term, through } of adoptions) {
    w.varint(term);
    w.varint(through);
  }
}

function readAdoptions(r: Reader): Adoption[] {
  const adoptions: Adoption[] = [];
  for (let left = r.count(PAIR_MIN_BYTES); left > 0; left--) {
    adoptions.push({ term: r.varint() as Term, through: r.varint() as OrderNum });
  }
  return adoptions;
}
