/** The headers of a call that travels as an ordinary RPC. */
import {
  NO_ORDER,
  type OrderNum,
  type RpcReplyHeader,
  type RpcRequestHeader,
  type SeqNum,
} from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import { Kind } from '../bytes/layout.js';
import { reader, writer } from '../bytes/shared.js';
import {
  HEADER_CARRIER_FLAG,
  readReplicaHeader,
  readSessionHeader,
  replicaHeaderBytes,
  sessionHeaderBytes,
  writeReplicaHeader,
  writeSessionHeader,
} from '../parts/header.js';
import { outcomeKindByte, outcomeKindOf } from '../parts/outcome.js';
import { readSecret, writeSecret } from '../parts/secret.js';

/** A larger header in metadata hangs grpc-js connections (at about 62,000 bytes, in base64). */
export const HEADER_MAX_BYTES = 16 * 1024;

/**
 * Encodes the header of a call that travels as an RPC, for its binary metadata. The result may be longer than
 * `HEADER_MAX_BYTES`, which no receiver accepts. The sender compares its length, and sends orderInfo by frame first if
 * it is too long.
 *
 * @param secret the secret of the client's session, which stands in place of the connection
 */
export function encodeRpcRequestHeader(header: RpcRequestHeader, secret: Uint8Array): Uint8Array {
  writer.begin(Kind.rpcRequestHeader, 48 + sessionHeaderBytes(header.header));
  writeSecret(writer, secret);
  writer.varint(header.seqNum);
  writeSessionHeader(writer, header.header, header.awaitStable);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED, also for more than `HEADER_MAX_BYTES` */
export function decodeRpcRequestHeader(bytes: Uint8Array): RpcRequestHeader {
  checkSize(bytes);
  reader.openAs(Kind.rpcRequestHeader, bytes);
  const connection = readSecret(reader);
  const seqNum = reader.varint() as SeqNum;
  const flags = reader.byte();
  const header = readSessionHeader(reader, flags, true);
  reader.close();
  return { connection, seqNum, awaitStable: (flags & HEADER_CARRIER_FLAG) !== 0, header };
}

/**
 * Encodes the header of an RPC's reply, for its binary metadata or trailers. It may be too long, as
 * `encodeRpcRequestHeader` says.
 */
export function encodeRpcReplyHeader(header: RpcReplyHeader): Uint8Array {
  writer.begin(Kind.rpcReplyHeader, replicaHeaderBytes(header.header));
  writer.byte(outcomeKindByte(header.outcome));
  writeReplicaHeader(writer, header.header, header.stable);
  if (!header.stable) writer.varint(header.orderNum);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED, also for more than `HEADER_MAX_BYTES` */
export function decodeRpcReplyHeader(bytes: Uint8Array): RpcReplyHeader {
  checkSize(bytes);
  reader.openAs(Kind.rpcReplyHeader, bytes);
  const outcome = outcomeKindOf(reader.byte());
  const flags = reader.byte();
  const header = readReplicaHeader(reader, flags, true);
  const stable = (flags & HEADER_CARRIER_FLAG) !== 0;
  const orderNum = stable ? NO_ORDER : (reader.varint() as OrderNum);
  reader.close();
  return { outcome, stable, orderNum, header };
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > HEADER_MAX_BYTES) malformed(`header of ${bytes.length} bytes, at most ${HEADER_MAX_BYTES}`);
}
