/** Plain clients' calls with an idempotency key (DESIGN 5.13). */

import { addressOf } from '../../connection/client-session.js';
import { requestDigest } from '../../model/digest.js';
import type { CallId } from '../../model/ids.js';
import type { Request } from '../../model/message.js';
import { giveKeyed } from '../release/replies.js';
import type { EventOf } from '../state/events.js';
import type { KeyedCall, PrimaryState } from '../state/primary-state.js';
import { addWork, schedule, takeNumber } from './schedule.js';

/**
 * A call with a key arrived. With interceptors it passes them before its key is looked at. Otherwise a retry gets the
 * first reply, or learns that there is one, from whoever knows the key, without what the interceptors ask of a caller.
 */
export function onKeyedCall(p: PrimaryState, keyed: KeyedCall): void {
  const { r } = p;
  const { call, peer, request, key } = keyed;
  if (/* rule interceptors-before-key */ r.admits) {
    const admission = p.r.nextNumbers.admission++;
    p.admissions.set(admission, { kind: 'keyed', ...keyed });
    r.effects.push({ kind: 'admit', admission, connection: undefined, peer, request });
    return;
  }
  if (join(p, call, key, request)) return;
  const connection = r.connections.open(r.plain);
  const message = takeNumber(connection, request, connection.shareOf(addressOf(peer)));
  message.addWaiter(call);
  schedule(p, connection, message, peer);
}

/** The interceptors let a call with a key pass. It is new, or the interceptors hear no more of it. */
export function onKeyedAdmitted(
  p: PrimaryState,
  { call, peer, request, key }: KeyedCall,
  { admission, change }: EventOf<'admitted'>,
): void {
  const { r } = p;
  if (join(p, call, key, request)) {
    r.effects.push({ kind: 'dropAdmission', admission });
    return;
  }
  const connection = r.connections.open(r.plain);
  const message = takeNumber(connection, request, connection.shareOf(addressOf(peer)));
  message.addWaiter(call);
  p.keyedRunning.set(key, message);
  const determinants = change && ({ kind: 'change', change } as const);
  addWork(p, { kind: 'call', connection, message, request, peer, admission, determinants });
}

/**
 * A call with an idempotency key that was seen before gets the first call's reply, or is refused if its request
 * differs.
 */
function join(p: PrimaryState, call: CallId, key: string, request: Request): boolean {
  const { r } = p;
  const done = /* rule keyed-reply */ r.connections.keyed(key);
  const running = p.keyedRunning.get(key);
  const asked = running?.request;
  const first = done?.requestDigest ?? (asked && requestDigest(asked.method, asked.message));
  if (first !== undefined && /* rule key-names-request */ first !== requestDigest(request.method, request.message)) {
    const reason = 'this idempotency-key was used for another request; choose a new one';
    r.effects.push({ kind: 'failCall', call, code: 'UNDERSTUDY_KEY_REUSED', reason });
    return true;
  }
  if (done !== undefined) {
    giveKeyed(p, call, done.outcome);
    return true;
  }
  if (running === undefined) return false;
  running.addWaiter(call);
  return true;
}
