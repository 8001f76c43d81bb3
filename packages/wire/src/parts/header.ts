/** The headers that carry orderInfo between clients and replicas (FIG. 8, [0102]), in frames and in RPCs alike. */
import type { OrderNum, Term } from '@understudy/core';
import type { ReplicaHeader, SeqNum, SessionHeader } from '@understudy/core/internal';
import type { Draft } from '../bytes/draft.js';
import { malformed } from '../bytes/failure.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';
import { readView, writeView } from './record/membership.js';
import { readSealed, sealedBytes, writeSealed } from './sealed.js';

/** The flag that the carrier of a header may use. */
export const HEADER_CARRIER_FLAG = 0b1;
const CLOSING = 0b10;
const HAS_VIEW = 0b10;
const ALL_FLAGS = 0b11;

const HEADER_FIXED_BYTES = 48;

export function writeSessionHeader(w: Writer, header: SessionHeader, carrierFlag: boolean): void {
  w.byte((header.closing ? CLOSING : 0) | (carrierFlag ? HEADER_CARRIER_FLAG : 0));
  w.varint(header.term);
  w.clock(header.sentAtMs);
  w.varint(header.repliesSeenUpTo);
  writeSealed(w, header.destOrderInfo);
}

/** @param flags the first byte, which the caller has read */
export function readSessionHeader(r: Reader, flags: number, carried: boolean): SessionHeader {
  checkFlags(flags, carried);
  return {
    term: r.varint() as Term,
    sentAtMs: r.clock(),
    repliesSeenUpTo: r.varint() as SeqNum,
    destOrderInfo: readSealed(r),
    closing: (flags & CLOSING) !== 0,
  };
}

export function writeReplicaHeader(w: Writer, header: ReplicaHeader, carrierFlag: boolean): void {
  w.byte((header.view === undefined ? 0 : HAS_VIEW) | (carrierFlag ? HEADER_CARRIER_FLAG : 0));
  w.varint(header.term);
  w.varint(header.stableUpTo);
  w.clock(header.heartbeatMs);
  if (header.view !== undefined) writeView(w, header.view);
  writeSealed(w, header.sourceOrderInfo);
}

export function readReplicaHeader(r: Reader, flags: number, carried: boolean): ReplicaHeader {
  checkFlags(flags, carried);
  const term = r.varint() as Term;
  const stableUpTo = r.varint() as OrderNum;
  const heartbeatMs = r.clock();
  const view = flags & HAS_VIEW ? readView(r) : undefined;
  const header: Draft<ReplicaHeader> = { term, sourceOrderInfo: readSealed(r), stableUpTo, heartbeatMs };
  if (view !== undefined) header.view = view;
  return header;
}

/** About as many bytes as `writeSessionHeader` needs. */
export function sessionHeaderBytes(header: SessionHeader): number {
  return HEADER_FIXED_BYTES + sealedBytes(header.destOrderInfo);
}

/** About as many bytes as `writeReplicaHeader` needs. */
export function replicaHeaderBytes(header: ReplicaHeader): number {
  const members = header.view === undefined ? 0 : 64 + 80 * header.view.inSync.length;
  return HEADER_FIXED_BYTES + members + sealedBytes(header.sourceOrderInfo);
}

function checkFlags(flags: number, carried: boolean): void {
  if (flags > ALL_FLAGS || (!carried && flags & HEADER_CARRIER_FLAG)) malformed(`unknown flags ${flags} of a header`);
}
