import type { OrderNum, Term } from '@understudy/core';
import type {
  ConnectionId,
  ReplicaHeader,
  RpcReplyHeader,
  RpcRequestHeader,
  SeqNum,
  SessionHeader,
} from '@understudy/core/internal';
import { malformed } from './failure.js';
import { Kind } from './layout.js';
import { readView, writeView } from './membership.js';
import { ordersBytes, readOrders, writeOrders } from './order-list.js';
import { type Draft, reader, writer } from './parts.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** A larger header in metadata hangs grpc-js connections (at about 62,000 bytes, in base64). */
export const HEADER_MAX_BYTES = 16 * 1024;

/** The flag that the carrier of a header may use. */
const CARRIER_FLAG = 0b1;
const CLOSING = 0b10;
const HAS_VIEW = 0b10;
const ALL_FLAGS = 0b11;

const HEADER_FIXED_BYTES = 48;

export function writeSessionHeader(w: Writer, header: SessionHeader, carrierFlag: boolean): void {
  w.byte((header.closing ? CLOSING : 0) | (carrierFlag ? CARRIER_FLAG : 0));
  w.varint(header.term);
  w.clock(header.sentAtMs);
  w.varint(header.repliesSeenUpTo);
  writeOrders(w, header.destOrderInfo);
}

/** @param flags the byte that comes first, already read */
export function readSessionHeader(r: Reader, flags: number, carried: boolean): SessionHeader {
  checkFlags(flags, carried);
  return {
    term: r.varint() as Term,
    sentAtMs: r.clock(),
    repliesSeenUpTo: r.varint() as SeqNum,
    destOrderInfo: readOrders(r),
    closing: (flags & CLOSING) !== 0,
  };
}

export function writeReplicaHeader(w: Writer, header: ReplicaHeader, carrierFlag: boolean): void {
  w.byte((header.view === undefined ? 0 : HAS_VIEW) | (carrierFlag ? CARRIER_FLAG : 0));
  w.varint(header.term);
  w.varint(header.stableUpTo);
  w.clock(header.heartbeatMs);
  if (header.view !== undefined) writeView(w, header.view);
  writeOrders(w, header.sourceOrderInfo);
}

export function readReplicaHeader(r: Reader, flags: number, carried: boolean): ReplicaHeader {
  checkFlags(flags, carried);
  const term = r.varint() as Term;
  const stableUpTo = r.varint() as OrderNum;
  const heartbeatMs = r.clock();
  const view = flags & HAS_VIEW ? readView(r) : undefined;
  const header: Draft<ReplicaHeader> = { term, sourceOrderInfo: readOrders(r), stableUpTo, heartbeatMs };
  if (view !== undefined) header.view = view;
  return header;
}

/** About as many bytes as the header of a client needs. */
export function sessionHeaderBytes(header: SessionHeader): number {
  return HEADER_FIXED_BYTES + ordersBytes(header.destOrderInfo);
}

export function replicaHeaderBytes(header: ReplicaHeader): number {
  const members = header.view === undefined ? 0 : 64 + 64 * header.view.inSync.length;
  return HEADER_FIXED_BYTES + members + ordersBytes(header.sourceOrderInfo);
}

/**
 * The header of a call that travels as an RPC, for its binary metadata. The result may be longer than
 * `HEADER_MAX_BYTES`, which no receiver accepts: whoever sends compares its length and sends orderInfo by frame first.
 */
export function encodeRpcRequestHeader(header: RpcRequestHeader): Uint8Array {
  writer.begin(Kind.rpcRequestHeader, 32 + sessionHeaderBytes(header.header));
  writer.id(header.connection);
  writer.varint(header.seqNum);
  writeSessionHeader(writer, header.header, header.awaitStable);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED, for more than `HEADER_MAX_BYTES` too */
export function decodeRpcRequestHeader(bytes: Uint8Array): RpcRequestHeader {
  checkSize(bytes);
  reader.openAs(Kind.rpcRequestHeader, bytes);
  const connection = reader.id() as ConnectionId;
  const seqNum = reader.varint() as SeqNum;
  const flags = reader.byte();
  const header = readSessionHeader(reader, flags, true);
  reader.close();
  return { connection, seqNum, awaitStable: (flags & CARRIER_FLAG) !== 0, header };
}

/** The header of an RPC's reply, for its binary metadata or trailers. Of its length see `encodeRpcRequestHeader`. */
export function encodeRpcReplyHeader(header: RpcReplyHeader): Uint8Array {
  writer.begin(Kind.rpcReplyHeader, replicaHeaderBytes(header.header));
  writeReplicaHeader(writer, header.header, header.stable);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED, for more than `HEADER_MAX_BYTES` too */
export function decodeRpcReplyHeader(bytes: Uint8Array): RpcReplyHeader {
  checkSize(bytes);
  reader.openAs(Kind.rpcReplyHeader, bytes);
  const flags = reader.byte();
  const header = readReplicaHeader(reader, flags, true);
  reader.close();
  return { stable: (flags & CARRIER_FLAG) !== 0, header };
}

function checkFlags(flags: number, carried: boolean): void {
  if (flags > ALL_FLAGS || (!carried && flags & CARRIER_FLAG)) malformed(`unknown flags ${flags} of a header`);
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > HEADER_MAX_BYTES) malformed(`header of ${bytes.length} bytes, at most ${HEADER_MAX_BYTES}`);
}
