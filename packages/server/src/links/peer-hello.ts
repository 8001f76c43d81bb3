/** Decides by their hellos whether two replicas may talk. */
import { UnderstudyError } from '@understudy/core';
import type { PeerHello } from '@understudy/wire';

/**
 * Decides whether two replicas may talk.
 *
 * @returns why not, in a sentence for the operator of either; undefined if they may
 */
export function mismatch(mine: PeerHello, theirs: PeerHello): string | undefined {
  if (theirs.group !== mine.group) {
    return `replica ${theirs.member.id} belongs to group ${theirs.group}, replica ${mine.member.id} to ${mine.group}`;
  }
  if (theirs.member.id === mine.member.id) {
    return `two replicas are named ${mine.member.id}; each needs a replicaId of its own`;
  }
  return undefined;
}

export const malformed = (what: string): UnderstudyError => new UnderstudyError('UNDERSTUDY_MALFORMED', what);
