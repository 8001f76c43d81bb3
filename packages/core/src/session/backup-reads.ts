/**
 * Reads that backups answer (DESIGN 5.9). The primary answers every read that a backup does not answer in time, so no
 * read fails because of the replica that was asked first.
 */

import type { BackupAnswersFrame, ReadRequest } from '../model/frames.js';
import { maxOf, type OrderNum } from '../model/ids.js';
import { sameMember } from '../record/transitions.js';
import { deliver } from './delivery.js';
import type { Read } from './open-calls.js';
import type { Link, SessionState } from './state.js';

/**
 * At the end of a turn: sends each new read to a backup, in turn. If no backup is in reach, the read goes to the
 * primary.
 */
export function sendBackupReads(s: SessionState): void {
  const frames = new Map<Link, ReadRequest[]>();
  for (const read of s.reads.values()) {
    if (read.backup === undefined || read.backup.slot !== undefined) continue;
    const link = nextBackup(s);
    if (link === undefined) {
      toPrimary(s, read);
      continue;
    }
    read.sent = true;
    read.backup.slot = link.slot;
    read.backup.sentAtMs = s.nowMs;
    const { readId, request } = read;
    const reads = frames.get(link);
    if (reads === undefined) frames.set(link, [{ readId, request }]);
    else reads.push({ readId, request });
  }
  const after = heardOf(s);
  for (const [{ slot }, reads] of frames) {
    s.effects.push({ kind: 'send', slot, frame: { kind: 'backupReads', term: s.term, after, reads } });
  }
}

/** The last order that this session has heard of. The answer to its next read must reflect it. */
const heardOf = (s: SessionState): OrderNum =>
  maxOf(
    s.saidStable.orderNum,
    s.pendingRemoteOrder.all().reduce((upTo, { last }) => maxOf(upTo, last), s.readUpTo),
  );

function nextBackup(s: SessionState): Link | undefined {
  const { links, primary, view } = s;
  for (let i = 1; i <= links.length; i++) {
    const slot = (s.lastBackup + i) % links.length;
    const link = links[slot];
    const member = link?.member;
    if (link === undefined || member === undefined || !link.up || link.full || link === primary) continue;
    if (member.id === view.primary || !view.inSync.some((other) => sameMember(other, member))) continue;
    s.lastBackup = slot;
    return link;
  }
  return undefined;
}

export function toPrimary(s: SessionState, read: Read): void {
  read.backup = undefined;
  read.sent = false;
  s.wantFlush();
}

export function onBackupAnswers(s: SessionState, { answers, elsewhere }: BackupAnswersFrame): void {
  for (const { readId, outcome, orderNum } of answers) {
    const read = s.reads.get(readId);
    // After a change of primary, all reads go to the new one.
    if (read?.backup === undefined) continue;
    s.readUpTo = maxOf(s.readUpTo, orderNum);
    deliver(s, read, outcome, orderNum);
  }
  for (const readId of elsewhere) {
    const read = s.reads.get(readId);
    if (read?.backup !== undefined) toPrimary(s, read);
  }
}

/** The link of a backup broke: the primary answers the reads that were sent there. */
export function backupGone(s: SessionState, { slot }: Link): void {
  for (const read of s.reads.values()) if (read.backup?.slot === slot) toPrimary(s, read);
}

/** At a tick: the primary answers what a backup has not answered in time. */
export function askElsewhere(s: SessionState): void {
  for (const read of s.reads.values()) {
    if (read.backup?.slot !== undefined && s.nowMs - read.backup.sentAtMs > s.sessionMs) toPrimary(s, read);
  }
}
