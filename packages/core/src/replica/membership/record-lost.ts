/**
 * Handles a record that was deleted, rolled back with its coordinator, or overwritten. A replica that certainly knows
 * the newest record puts it back. All others wait and say so, because another replica may have become primary by a
 * record that they never saw.
 */

import { maxOf, next } from '../../model/ids.js';
import type { GroupRecord } from '../../model/record.js';
import { sameRecord } from '../../record/codec.js';
import { sameMember } from '../../record/transitions.js';
import type { ReplicaState } from '../state/replica-state.js';
import { setChanged } from './record-changes.js';

/** How often a replica checks whether a lost record is back, in milliseconds. */
const LOOK_EVERY_MS = 1000;

/** Whether what the coordinator has shows that it lost the record that this replica knows. */
export function isLost(r: ReplicaState, found: GroupRecord | undefined): boolean {
  if (r.record === undefined) return false;
  return found === undefined || found.epoch < r.record.epoch || isOther(r.record, found);
}

const isOther = (record: GroupRecord, found: GroupRecord): boolean =>
  found.epoch === record.epoch && !sameRecord(found, record);

/** The coordinator does not have the record that this replica knows. */
export function onRecordLost(r: ReplicaState, found: GroupRecord | undefined, last: GroupRecord | undefined): void {
  if (r.record === undefined || !isLost(r, found)) return;
  const { epoch } = r.record;
  if (r.lost === undefined)
    r.log('error', "the coordinator has lost the group's record", { epoch, found: found?.epoch });
  const { pending, claimTold = false, vouched = false, handedOver = false } = r.lost ?? {};
  // An operator who vouched during an earlier loss did not vouch for this one: other replicas may have changed the
  // record in between.
  r.lost = { found, last, vouched, pending, handedOver, askedMs: r.nowMs, claimTold };
  putBackIfCertain(r);
}

/**
 * A change could not be made because the record is gone. It may have been made before the loss, and only its proposer
 * would act on it, so it stays in flight and is what this replica puts back. Until then a backup that claimed
 * acknowledges no heartbeat, so that the old primary does not put back a record from before the claim.
 */
export function onChangeLost(r: ReplicaState, change: GroupRecord | undefined, found: GroupRecord | undefined): void {
  const isOwn =
    /* rule pending-put-back */ change !== undefined && sameMember(change.primary, r.self) && isNewest(r, change);
  if (isOwn) r.changeInFlight = change;
  r.lost = {
    ...{ found, last: undefined, vouched: r.lost?.vouched ?? false },
    ...{ askedMs: r.nowMs, claimTold: r.lost?.claimTold ?? false },
    pending: isOwn ? change : undefined,
    handedOver: change !== undefined && !sameMember(change.primary, r.self),
  };
  setChanged(r);
  r.log('error', "the coordinator has lost the group's record", { epoch: r.epoch, found: found?.epoch });
  putBackIfCertain(r);
}

/** Whether a change is newer than the record that this replica knows, since another replica's claim may have won. */
const isNewest = ({ record }: ReplicaState, change: GroupRecord): boolean =>
  record === undefined || change.epoch > record.epoch;

/**
 * An operator says that no replica knows a newer record than this one.
 *
 * @returns why it is not put back, in a sentence; undefined if it is
 */
export function vouch(r: ReplicaState): string | undefined {
  if (r.record === undefined) return 'this replica knows no record';
  if (r.lost === undefined) return 'the record is not lost';
  r.lost = { ...r.lost, vouched: true };
  putBackIfCertain(r);
  return undefined;
}

/** The coordinator has a record. It ends the loss if this replica may go by it. */
export function onRecordFound(r: ReplicaState, record: GroupRecord): void {
  if (r.lost === undefined || isLost(r, record)) return;
  if (r.lost.pending !== undefined) r.changeInFlight = undefined;
  r.lost = undefined;
  setChanged(r);
  r.log('info', "the group's record is back", { epoch: record.epoch });
}

/** At a tick. */
export function mindLostRecord(r: ReplicaState): void {
  if (r.lost === undefined) return;
  putBackIfCertain(r);
  if (r.nowMs - r.lost.askedMs < LOOK_EVERY_MS) return;
  r.lost.askedMs = r.nowMs;
  r.effects.push({ kind: 'readRecord' });
}

/**
 * A primary that holds its lease knows that no backup has claimed, so no other replica can have changed the record
 * since; only a hand-over of its own that was under way may have succeeded. Any other replica puts back only the record
 * that the coordinator itself names as the last one.
 */
function putBackIfCertain(r: ReplicaState): void {
  const { lost, record } = r;
  if (lost === undefined || record === undefined) return;
  if (r.changeInFlight !== lost.pending) return;
  const knowsNewest = r.role.knowsNewestRecord && !lost.handedOver;
  const wasThere = lost.last !== undefined && (sameRecord(lost.last, record) || sameRecord(lost.last, lost.pending));
  if (/* rule put-back-certain */ !(knowsNewest || lost.vouched || wasThere)) return;
  const wanted = lost.pending ?? record;
  // If another record of this epoch is there, the one that replaces it gets a later epoch, so that replicas that
  // followed the other record notice.
  const above = lost.found === undefined ? wanted.epoch : maxOf(wanted.epoch, next(lost.found.epoch));
  const again = { ...wanted, epoch: above };
  lost.pending = undefined;
  r.changeInFlight = again;
  r.changeReason = 'put back';
  setChanged(r);
  r.log('warn', "this replica puts the group's record back", { epoch: again.epoch });
  r.effects.push({ kind: 'changeRecord', next: again, reason: 'put back', putsBack: true });
}
