/** The names of all files and directories that this package writes. */
import { createHash, randomUUID } from 'node:crypto';

const NAME_MAX = 160;
const NAME_KEPT = 60;

/**
 * Turns any text into a file name, and no two texts into the same one. Lower-case letters, digits, `_` and `-` stay;
 * every other UTF-16 code unit becomes `%` and four digits. Capitals do too, because some file systems take `A` for
 * `a`. A name that would be too long ends in a `~` and a digest; no shorter name contains a `~`.
 */
export function encodeName(text: string): string {
  const encoded = text.replace(/[^a-z0-9_-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (encoded.length <= NAME_MAX) return encoded;
  const digest = createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
  return `${encoded.slice(0, NAME_KEPT)}~${digest}`;
}

export const GROUP_PREFIX = 'group-';
export const groupDirectory = (group: string): string => GROUP_PREFIX + encodeName(group);

const RECORD = /^record-([1-9]\d*)\.json$/;
export const recordFile = (epoch: number): string => `record-${epoch}.json`;
/** Whether a file is named like a record. Only `recordEpoch` tells whether Understudy would have given it that name. */
export const looksLikeRecord = (file: string): boolean => file.startsWith('record-');
export function recordEpoch(file: string): number | undefined {
  const epoch = Number(RECORD.exec(file)?.[1]);
  return Number.isSafeInteger(epoch) ? epoch : undefined;
}

/**
 * Each announcement has a file of its own, so that a replica and its successor of the same name do not touch each
 * other's.
 */
export const presenceFile = (replica: string): string => `presence-${encodeName(replica)}.${randomUUID()}.json`;
export const isPresence = (file: string): boolean => file.startsWith('presence-') && file.endsWith('.json');

const TEMPORARY = /^tmp-(\d+)-/;
export const temporaryFile = (): string => `tmp-${process.pid}-${randomUUID()}`;
/** The number of the process that wrote a temporary file. */
export function temporaryOwner(file: string): number | undefined {
  const pid = TEMPORARY.exec(file)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
