/** The `rpc` carrier: sends each call to the present primary as an RPC of its own. */

import { NO_SEQ } from '../model/ids.js';
import type { Read, Sent } from './open-calls.js';
import type { Link, SessionState } from './state.js';

/** Sends every call that is not on its way to the present primary as an RPC to it, if the call can travel so. */
export function invokeRpcs(s: SessionState): void {
  const { primary } = s;
  if (s.config.carrier !== 'rpc' || primary === undefined) return;
  for (const sent of s.sent.values()) if (!sent.invoked && !sent.answered) invokeSent(s, primary, sent);
  for (const read of s.reads.values())
    if (!read.sent && !read.byFrame && read.backup === undefined) invokeRead(s, primary, read);
}

/** Sends a new call at once, because gathering RPCs would gain nothing. */
export function invokeAtOnce(s: SessionState, what: Sent | Read): void {
  const { primary } = s;
  if (s.config.carrier !== 'rpc' || primary === undefined) return;
  if ('readId' in what) invokeRead(s, primary, what);
  else invokeSent(s, primary, what);
}

function invokeSent(s: SessionState, primary: Link, sent: Sent): void {
  sent.invoked = true;
  const { call, seqNum, request } = sent;
  if (call === undefined || sent.byFrame) {
    primary.resend.push({ seqNum, awaitStable: false });
    return;
  }
  const header = { connection: s.connection, seqNum, awaitStable: false, header: s.header([]) };
  s.effects.push({ kind: 'invoke', call, slot: primary.slot, header, request });
}

function invokeRead(s: SessionState, primary: Link, read: Read): void {
  read.sent = true;
  const { call, request } = read;
  const header = { connection: s.connection, seqNum: NO_SEQ, awaitStable: false, header: s.header([]) };
  s.effects.push({ kind: 'invoke', call, slot: primary.slot, header, request });
}
