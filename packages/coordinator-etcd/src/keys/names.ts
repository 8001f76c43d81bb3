const RECORD = '/record';

/**
 * Any text as a part of a key, so that no two become the same and none contains a `/`: letters, digits, `_`, `-` and `.`
 * stay, every other UTF-16 code unit becomes `%` and four digits.
 */
const encode = (text: string): string =>
  text.replace(/[^A-Za-z0-9_.-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const decode = (part: string): string =>
  part.replace(/%([0-9a-f]{4})/g, (_match, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));

export const recordKey = (prefix: string, group: string): string => prefix + encode(group) + RECORD;

/** Begins the keys of the replicas that run. */
export const presencePrefix = (prefix: string, group: string): string => `${prefix}${encode(group)}/replicas/`;

export const presenceKey = (prefix: string, group: string, replica: string): string =>
  presencePrefix(prefix, group) + encode(replica);

/** The group whose record is under this key; undefined if it is another kind of key. */
export function groupOfKey(prefix: string, key: string): string | undefined {
  const part = key.slice(prefix.length, -RECORD.length);
  const group = decode(part);
  return recordKey(prefix, group) === key ? group : undefined;
}
