/** The answers of the user's interceptors: a call may be ordered, or was ended by them. */

import { answerUnordered } from '../release/replies.js';
import type { EventOf } from '../state/events.js';
import type { PrimaryState } from '../state/primary-state.js';
import { dropStream } from '../streams/streams.js';
import { refuseCall } from './calls.js';
import { onKeyedAdmitted } from './keyed.js';
import { addWork, partEntered, scheduleHeld } from './schedule.js';

/**
 * The user's interceptors let a call pass, so it may be ordered.
 *
 * @param serves whether this replica serves, and so may answer a call whose key it knows
 */
export function onAdmitted(p: PrimaryState, event: EventOf<'admitted'>, serves = true): void {
  const { r } = p;
  const work = p.admissions.get(event.admission);
  p.admissions.delete(event.admission);
  if (work === undefined) return;
  if (work.kind === 'read') {
    addWork(p, work);
    return;
  }
  if (work.kind === 'keyed') {
    if (serves && r.steppingDown === undefined) {
      onKeyedAdmitted(p, work, event);
      return;
    }
    refuseCall(r, work.call);
    r.effects.push({ kind: 'dropAdmission', admission: event.admission });
    return;
  }
  addWork(p, { ...work, determinants: event.change && { kind: 'change', change: event.change } });
  if (work.request.stream?.kind !== 'open') return;
  const { connection, message, peer } = work;
  const stream = connection.streams.get(message.seqNum);
  if (stream === undefined) return;
  stream.passage.admitted = true;
  scheduleHeld(p, connection, message.seqNum, peer);
  if (stream.passage.gone) p.scheduler.add({ kind: 'cancel', connection, stream: stream.id });
}

/** The user's interceptors ended the call. Its seqNum is voided, so that no backup ever executes it. */
export function onRefused(p: PrimaryState, event: EventOf<'refused'>): void {
  const { r } = p;
  const work = p.admissions.get(event.admission);
  p.admissions.delete(event.admission);
  if (work === undefined) return;
  const { outcome } = event;
  if (work.kind === 'call') {
    if (work.request.key !== undefined) p.keyedRunning.delete(work.request.key);
    const { connection, message, request } = work;
    const part = request.stream;
    // Later messages of its stream must not wait for this one.
    /* rule forget-refused */ message.become('voiding');
    message.request = undefined;
    /* rule void-refused */ p.scheduler.add({ kind: 'void', connection, message, outcome });
    if (part?.kind === 'open') dropStream(r, connection, message.seqNum);
    if (part?.kind === 'message' || part?.kind === 'end') partEntered(p, connection, message, part.of);
  } else if (work.kind === 'read') answerUnordered(p, work, outcome);
  // The call never had a place in the order, so its key stays free.
  else r.effects.push({ kind: 'answerCall', call: work.call, outcome });
}
