/**
 * The versions of the wire that a process speaks, as the first frame of every link tells them. That frame travels in
 * the oldest of them, so that a process that speaks any of them can read it. The link then uses the lower of the two
 * newest versions.
 */
import { UnderstudyError } from '@understudy/core';
import { VERSION } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';

/** A range of versions, both ends included. */
export interface Spoken {
  readonly oldest: number;
  readonly newest: number;
}

/** The versions that this build of Understudy speaks. */
export const SPOKEN: Spoken = { oldest: VERSION, newest: VERSION };

/**
 * The version for a link between two processes.
 *
 * @throws UNDERSTUDY_SETUP if they have none in common
 */
export function agreedVersion(mine: Spoken, theirs: Spoken): number {
  const version = Math.min(mine.newest, theirs.newest);
  if (version >= Math.max(mine.oldest, theirs.oldest)) return version;
  const older = mine.newest < theirs.newest ? 'this one' : 'the other one';
  throw new UnderstudyError(
    'UNDERSTUDY_SETUP',
    `this process speaks ${range(mine)} of the wire and the other ${range(theirs)}; upgrade ${older} to a release that speaks both`,
  );
}

const range = ({ oldest, newest }: Spoken): string =>
  oldest === newest ? `version ${oldest}` : `versions ${oldest} to ${newest}`;

export function writeSpoken(w: Writer): void {
  w.varint(SPOKEN.oldest);
  w.varint(SPOKEN.newest);
}

/** @throws UNDERSTUDY_SETUP if the two have no version in common */
export function readSpoken(r: Reader): number {
  return agreedVersion(SPOKEN, { oldest: r.varint(), newest: r.varint() });
}
