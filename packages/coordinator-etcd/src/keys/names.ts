/** The keys under which everything is kept in etcd. */
const RECORD = '/record';

/**
 * Turns any text into a part of a key that contains no `/`, and no two texts into the same part. Letters, digits, `_`,
 * `-` and `.` stay; every other UTF-16 code unit becomes `%` and four digits.
 */
const encode = (text: string): string =>
  text.replace(/[^A-Za-z0-9_.-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const decode = (part: string): string =>
  part.replace(/%([0-9a-f]{4})/g, (_match, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));

export const recordKey = (prefix: string, group: string): string => prefix + encode(group) + RECORD;

/** The prefix of the keys of all replicas of the group that run. */
export const presencePrefix = (prefix: string, group: string): string => `${prefix}${encode(group)}/replicas/`;

export const presenceKey = (prefix: string, group: string, replica: string): string =>
  presencePrefix(prefix, group) + encode(replica);

/** The group whose record has this key; undefined if the key is not that of a record. */
export function groupOfKey(prefix: string, key: string): string | undefined {
  const part = key.slice(prefix.length, -RECORD.length);
  const group = decode(part);
  return recordKey(prefix, group) === key ? group : undefined;
}
