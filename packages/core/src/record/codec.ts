/**
 * A group's record as JSON and back. Reading yields a complete, checked record, or an error that names the bad field.
 */

import { describeValue, UnderstudyError } from '../model/error.js';
import { type Epoch, type Incarnation, isHexId, type OrderNum, type ReplicaId, type Term } from '../model/ids.js';
import type { Adoption, Deaths, GroupRecord, Member, Suspect, TermCode } from '../model/record.js';
import { isAddress } from './address.js';

/**
 * Bounds on the lists and texts of a record. They are far above any real group, and keep garbage from filling a
 * reader's memory.
 */
const LIST_MAX = 1024;
const TEXT_MAX = 512;
/** The settings name at most 4,096 methods. */
const SETTINGS_MAX = 4 * 1024 * 1024;

/**
 * Checks a stored value and returns it as a record.
 *
 * @param value parsed JSON
 * @param group the group whose record it must be
 * @throws UNDERSTUDY_RECORD_DAMAGED, which names the first field that cannot be used, and why
 */
export function parseRecord(value: unknown, group: string): GroupRecord {
  const fields = objectAt(value, 'the record');
  // The version is checked first, because the other rules hold only for this version.
  if (fields.version !== 1) {
    const newer = typeof fields.version === 'number' && fields.version > 1;
    const advice = newer ? '. A newer Understudy wrote it: upgrade this process too' : '';
    damaged('version', `is ${describeValue(fields.version)}, and this version of Understudy reads only 1${advice}`);
  }
  onlyFields(fields, 'the record', RECORD_FIELDS);
  if (fields.group !== group) damaged('group', `is ${describeValue(fields.group)}, not ${describeValue(group)}`);
  const term = integerAt(fields.term, 'term', 1) as Term;
  const primary = memberAt(fields.primary, 'primary');
  const inSync = listAt(fields.inSync, 'inSync').map((member, i) => memberAt(member, `inSync[${i}]`));
  if (new Set(inSync.map((member) => member.id)).size !== inSync.length) damaged('inSync', 'names a replica twice');
  if (!inSync.some((member) => member.id === primary.id && member.incarnation === primary.incarnation)) {
    damaged('inSync', `does not contain the primary ${describeValue(primary.id)} in its incarnation`);
  }
  return {
    version: 1,
    group,
    origin: incarnationAt(fields.origin, 'origin'),
    secret: secretAt(fields.secret),
    epoch: integerAt(fields.epoch, 'epoch', 1) as Epoch,
    term,
    primary,
    inSync,
    addresses: addressesAt(fields.addresses, 'addresses'),
    ...(fields.peerAddresses !== undefined && { peerAddresses: addressesAt(fields.peerAddresses, 'peerAddresses') }),
    adoptedThrough: adoptionsAt(fields.adoptedThrough, term),
    settings: settingsAt(fields.settings),
    code: codeAt(fields.code, term),
    forced: booleanAt(fields.forced, 'forced'),
    ended: booleanAt(fields.ended, 'ended'),
    ...(fields.deaths !== undefined && { deaths: deathsAt(fields.deaths) }),
  };
}

/** The record as JSON text. Equal records give equal text, in whatever order their fields were set. */
export function recordToJson(record: GroupRecord): string {
  return JSON.stringify({
    version: record.version,
    group: record.group,
    origin: record.origin,
    secret: record.secret,
    epoch: record.epoch,
    term: record.term,
    primary: memberToJson(record.primary),
    inSync: record.inSync.map(memberToJson),
    addresses: sorted(record.addresses),
    ...(record.peerAddresses !== undefined && { peerAddresses: sorted(record.peerAddresses) }),
    adoptedThrough: record.adoptedThrough.map(({ term, through }) => ({ term, through })),
    settings: record.settings,
    code: record.code.map(({ term, version, replication }) => ({ term, version, replication })),
    forced: record.forced,
    ended: record.ended,
    ...(record.deaths !== undefined && { deaths: deathsToJson(record.deaths) }),
  });
}

/**
 * Reads what `recordToJson` wrote.
 *
 * @throws UNDERSTUDY_RECORD_DAMAGED if the text is not JSON, or not a record of the group
 */
export function recordFromJson(text: string, group: string): GroupRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const what = text.length === 0 ? 'is empty' : 'is not JSON, or only a part of it';
    throw new UnderstudyError('UNDERSTUDY_RECORD_DAMAGED', `the record ${what}`, { cause });
  }
  return parseRecord(value, group);
}

/** Whether two records are equal, so that a retry recognises its own first attempt. The order of `inSync` counts. */
export function sameRecord(a: GroupRecord | undefined, b: GroupRecord | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.epoch !== b.epoch) return false;
  return recordToJson(a) === recordToJson(b);
}

const sorted = (addresses: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(addresses).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

const RECORD_FIELDS = [
  'version',
  'group',
  'origin',
  'secret',
  'epoch',
  'term',
  'primary',
  'inSync',
  'addresses',
  'peerAddresses',
  'adoptedThrough',
  'settings',
  'code',
  'forced',
  'ended',
  'deaths',
];

const suspectToJson = ({ message, deaths }: Suspect): Suspect => ({ message, deaths });

const deathsToJson = ({ unjudged, unexplained, careUntilMs, suspects, poisoned }: Deaths): Deaths => ({
  unjudged,
  unexplained,
  careUntilMs,
  suspects: suspects.map(suspectToJson),
  poisoned: poisoned.map(({ orderNum, term, deaths, method, digest, refusedUntilMs }) => ({
    orderNum,
    term,
    deaths,
    method,
    digest,
    refusedUntilMs,
  })),
});

const memberToJson = ({ id, incarnation }: Member): Member => ({ id, incarnation });

function damaged(field: string, problem: string): never {
  throw new UnderstudyError('UNDERSTUDY_RECORD_DAMAGED', `the record cannot be used: ${field} ${problem}`);
}

function objectAt(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    damaged(field, `must be an object and is ${describeValue(value)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Refuses unknown fields: this version would lose them with the next change of the record. */
function onlyFields(fields: Readonly<Record<string, unknown>>, field: string, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) damaged(field, `has an unknown field ${describeValue(unknown)}`);
}

function listAt(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) damaged(field, `must be an array and is ${describeValue(value)}`);
  if (value.length > LIST_MAX) damaged(field, `has ${value.length} entries, more than ${LIST_MAX}`);
  return value;
}

function integerAt(value: unknown, field: string, min: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    damaged(field, `must be an integer from ${min} to 2^53 - 1 and is ${describeValue(value)}`);
  }
  return value;
}

function booleanAt(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') damaged(field, `must be true or false and is ${describeValue(value)}`);
  return value;
}

function replicaIdAt(value: unknown, field: string): ReplicaId {
  if (typeof value !== 'string' || value.length === 0 || value.length > TEXT_MAX) {
    damaged(field, `must be a name of 1 to ${TEXT_MAX} characters and is ${describeValue(value)}`);
  }
  return value as ReplicaId;
}

/** What is wrong with a secret is said without showing it. */
function secretAt(value: unknown): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > TEXT_MAX) {
    damaged('secret', `must be a text of 1 to ${TEXT_MAX} characters and is another value`);
  }
  return value;
}

function settingsAt(value: unknown): string {
  if (typeof value !== 'string' || value.length > SETTINGS_MAX) damaged('settings', 'must be a text');
  return value;
}

/** The terms ascend, and the first entry says who gave the first orders that are remembered. */
function codeAt(value: unknown, newest: Term): readonly TermCode[] {
  let last = 0;
  const entries = listAt(value, 'code').map((one, i): TermCode => {
    const field = `code[${i}]`;
    const entry = objectAt(one, field);
    onlyFields(entry, field, ['term', 'version', 'replication']);
    const term = integerAt(entry.term, `${field}.term`, 1) as Term;
    if (term <= last) damaged(`${field}.term`, `is ${term} and follows ${last}: terms must ascend`);
    if (term > newest) damaged(`${field}.term`, `is ${term}, above the record's term ${newest}`);
    last = term;
    const { version, replication } = entry;
    if (typeof version !== 'string' || version.length > TEXT_MAX) damaged(`${field}.version`, 'must be a short text');
    if (replication !== 'semi-active' && replication !== 'passive') {
      damaged(`${field}.replication`, `must be semi-active or passive and is ${describeValue(replication)}`);
    }
    return { term, version, replication };
  });
  if (entries.length === 0) damaged('code', 'is empty');
  return entries;
}

function memberAt(value: unknown, field: string): Member {
  const member = objectAt(value, field);
  onlyFields(member, field, ['id', 'incarnation']);
  const id = replicaIdAt(member.id, `${field}.id`);
  return { id, incarnation: incarnationAt(member.incarnation, `${field}.incarnation`) };
}

function incarnationAt(value: unknown, field: string): Incarnation {
  if (!isHexId(value)) damaged(field, `must be 32 hexadecimal digits and is ${describeValue(value)}`);
  return value as string as Incarnation;
}

function addressesAt(value: unknown, name: string): Readonly<Record<string, string>> {
  const entries = Object.entries(objectAt(value, name));
  if (entries.length > LIST_MAX) damaged(name, `has ${entries.length} entries, more than ${LIST_MAX}`);
  const checked = entries.map(([id, address]): [string, string] => {
    replicaIdAt(id, `a name in ${name}`);
    if (!isAddress(address)) {
      damaged(`${name}[${describeValue(id)}]`, `must be host:port and is ${describeValue(address)}`);
    }
    return [id, address as string];
  });
  // `fromEntries` defines properties; an assignment to `__proto__` would set the prototype instead.
  return Object.fromEntries(checked);
}

function adoptionsAt(value: unknown, newest: Term): readonly Adoption[] {
  let last = 0;
  return listAt(value, 'adoptedThrough').map((entry, i): Adoption => {
    const field = `adoptedThrough[${i}]`;
    const adoption = objectAt(entry, field);
    onlyFields(adoption, field, ['term', 'through']);
    const term = integerAt(adoption.term, `${field}.term`, 1) as Term;
    if (term <= last) damaged(`${field}.term`, `is ${term} and follows ${last}: terms must ascend`);
    if (term > newest) damaged(`${field}.term`, `is ${term}, above the record's term ${newest}`);
    last = term;
    return { term, through: integerAt(adoption.through, `${field}.through`, 0) as OrderNum };
  });
}

function deathsAt(value: unknown): Deaths {
  const deaths = objectAt(value, 'deaths');
  onlyFields(deaths, 'deaths', ['unjudged', 'unexplained', 'careUntilMs', 'suspects', 'poisoned']);
  return {
    unjudged: booleanAt(deaths.unjudged, 'deaths.unjudged'),
    unexplained: integerAt(deaths.unexplained, 'deaths.unexplained', 0),
    careUntilMs: integerAt(deaths.careUntilMs, 'deaths.careUntilMs', 0),
    suspects: listAt(deaths.suspects, 'deaths.suspects').map((entry, i) => {
      const field = `deaths.suspects[${i}]`;
      const suspect = objectAt(entry, field);
      onlyFields(suspect, field, ['message', 'deaths']);
      return suspectAt(suspect, field);
    }),
    poisoned: listAt(deaths.poisoned, 'deaths.poisoned').map((entry, i) => {
      const field = `deaths.poisoned[${i}]`;
      const poisoned = objectAt(entry, field);
      onlyFields(poisoned, field, ['orderNum', 'term', 'deaths', 'method', 'digest', 'refusedUntilMs']);
      return {
        orderNum: integerAt(poisoned.orderNum, `${field}.orderNum`, 0) as OrderNum,
        term: integerAt(poisoned.term, `${field}.term`, 0),
        deaths: integerAt(poisoned.deaths, `${field}.deaths`, 1),
        method: textAt(poisoned.method, `${field}.method`),
        digest: textAt(poisoned.digest, `${field}.digest`),
        refusedUntilMs: integerAt(poisoned.refusedUntilMs, `${field}.refusedUntilMs`, 0),
      };
    }),
  };
}

const suspectAt = (suspect: Readonly<Record<string, unknown>>, field: string): Suspect => ({
  message: textAt(suspect.message, `${field}.message`),
  deaths: integerAt(suspect.deaths, `${field}.deaths`, 1),
});

function textAt(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.length > TEXT_MAX) {
    damaged(field, `must be a text of at most ${TEXT_MAX} characters and is ${describeValue(value)}`);
  }
  return value;
}
