/** Turns away work whose turn has come: its caller is told, and no handler runs. */

import type { Outcome } from '../../model/outcome.js';
import type { Work } from '../../scheduling/scheduler.js';
import { refusedLike } from '../poison/refuse.js';
import { answerUnordered } from '../release/replies.js';
import type { PrimaryState } from '../state/primary-state.js';
import { dropStream } from '../streams/streams.js';
import { putOffTimer } from '../timers/timers.js';
import { append } from './place.js';

/** The call gets no order: the records of its connection were freed, so no retry of it would be recognised. */
export function refuseExpired(p: PrimaryState, { message, request }: Extract<Work, { kind: 'call' }>): void {
  const { r } = p;
  if (request.key !== undefined) p.keyedRunning.delete(request.key);
  for (const call of message.takeWaiters() ?? []) {
    const reason = 'the records of this connection were freed';
    r.effects.push({ kind: 'failCall', call, code: 'UNDERSTUDY_SESSION_EXPIRED', reason });
  }
}

/** The message takes its place as a void, and its interceptors hear nothing more of it. */
export function refuseAtTurn(p: PrimaryState, work: Extract<Work, { kind: 'call' }>, outcome: Outcome): void {
  const { connection, message, request, admission } = work;
  if (request.key !== undefined) p.keyedRunning.delete(request.key);
  if (admission !== undefined) p.r.effects.push({ kind: 'dropAdmission', admission });
  if (request.stream?.kind === 'open') dropStream(p.r, connection, message.seqNum);
  if (request.timer !== undefined) {
    const untilMs = refusedLike(p.r, connection, request)?.refusedUntilMs;
    /* rule refused-timer-again */ putOffTimer(p, request.timer, untilMs ?? p.r.clocks.orderMs());
  }
  message.request = undefined;
  append(p, { connection: connection.id, seqNum: message.seqNum, kind: 'void', outcome }, connection, message);
}

/** A read has no place in the order, so its caller is answered at once. */
export function refuseRead(p: PrimaryState, work: Extract<Work, { kind: 'read' }>, outcome: Outcome): void {
  if (work.admission !== undefined) p.r.effects.push({ kind: 'dropAdmission', admission: work.admission });
  answerUnordered(p, work, outcome);
}
