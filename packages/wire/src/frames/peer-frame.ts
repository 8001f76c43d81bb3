/** The frames between the replicas of one group: announcements, acknowledgments and recovery. */
import type { OrderNum, Term } from '@understudy/core';
import {
  type AckFrame,
  type AnnounceFrame,
  type ConnectionId,
  type JoinFrame,
  type NackFrame,
  type PeerFrame,
  type PieceAckFrame,
  type SeqNum,
  unreachable,
} from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import { CONNECTION_BYTES, Kind } from '../bytes/layout.js';
import type { FrameBytes } from '../bytes/pieces.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { pieceBytes, readHead, readPiece, writeHead, writePiece } from '../parts/checkpoint.js';
import { ordersBytes, readOrders, writeOrders } from '../parts/order-list.js';
import {
  readAddress,
  readMember,
  readOptionalAddress,
  readRecord,
  writeMember,
  writeOptionalAddress,
  writeRecord,
} from '../parts/record/membership.js';
import { bodiesBytes, readBodies, readName, writeBodies, writeName } from '../parts/request.js';

/** The answers of a receiver of pieces, each written as its index in this list. Never change the order. */
const ANSWERS = ['receives', 'done', 'damaged'] as const satisfies readonly PieceAckFrame['answer'][];

const RARE_FRAME_BYTES = 512;
const FIXED_BYTES = 64;
/** Connection and seqNum. */
const NAME_MIN_BYTES = 2;

/** Encodes a frame between replicas. */
export function encodePeerFrame(frame: PeerFrame): Uint8Array {
  switch (frame.kind) {
    case 'announce':
      writer.begin(Kind.announce, FIXED_BYTES + ordersBytes(frame.orders) + bodiesBytes(frame.bodies));
      writeAnnounce(writer, frame);
      break;
    case 'ack':
      writer.begin(Kind.ack, FIXED_BYTES + CONNECTION_BYTES * (frame.registered.length + frame.unregistered.length));
      writeAck(writer, frame);
      break;
    case 'nack':
      writer.begin(Kind.nack, FIXED_BYTES + 8 * frame.bodies.length);
      writeNack(writer, frame);
      break;
    case 'bodies':
      writer.begin(Kind.bodies, bodiesBytes(frame.bodies));
      writeBodies(writer, frame.bodies);
      break;
    case 'newTerm':
      writer.begin(Kind.newTerm, RARE_FRAME_BYTES);
      writeRecord(writer, frame.record);
      writer.boolean(frame.collect);
      writer.varint(frame.heldUpTo);
      break;
    case 'promise':
      writer.begin(Kind.promise, FIXED_BYTES + ordersBytes(frame.orders) + bodiesBytes(frame.bodies));
      writer.varint(frame.term);
      writer.varint(frame.completedUpTo);
      writeOrders(writer, frame.orders);
      writeBodies(writer, frame.bodies);
      break;
    case 'join':
      writer.begin(Kind.join, RARE_FRAME_BYTES);
      writeMember(writer, frame.member);
      writer.string(frame.address);
      writeOptionalAddress(writer, frame.peerAddress);
      break;
    case 'checkpoint':
      writer.begin(Kind.checkpointFrame, FIXED_BYTES);
      writer.varint(frame.term);
      writer.varint(frame.copy);
      writer.boolean(frame.join);
      writeHead(writer, frame.head);
      break;
    case 'piece':
      writer.begin(Kind.piece, FIXED_BYTES + pieceBytes(frame.piece));
      writer.varint(frame.term);
      writer.varint(frame.copy);
      writer.varint(frame.index);
      writePiece(writer, frame.piece);
      break;
    case 'pieceAck':
      writer.begin(Kind.pieceAck, FIXED_BYTES);
      writer.varint(frame.term);
      writer.varint(frame.copy);
      writer.varint(frame.upTo);
      writer.byte(ANSWERS.indexOf(frame.answer));
      break;
    case 'busy':
      writer.begin(Kind.busy, FIXED_BYTES);
      writer.varint(frame.term);
      writer.varint(frame.forMs);
      break;
    case 'busyHeard':
      writer.begin(Kind.busyHeard, FIXED_BYTES);
      writer.varint(frame.term);
      break;
    case 'noCheckpoint':
      writer.begin(Kind.noCheckpoint, RARE_FRAME_BYTES);
      writer.varint(frame.term);
      writer.string(frame.reason);
      break;
    default:
      unreachable(frame, 'peer frame');
  }
  return writer.finish();
}

/** The same in pieces, for a frame with a large message: that is a piece of its own, and is not copied. */
export const peerFramePieces = (frame: PeerFrame): FrameBytes => writer.inPieces(() => encodePeerFrame(frame));

/**
 * Decodes a frame between replicas. Bodies and state are views of `bytes`: keep one, and all of `bytes` stays in
 * memory.
 *
 * @throws UnderstudyError UNDERSTUDY_MALFORMED
 */
export function decodePeerFrame(bytes: Uint8Array): PeerFrame {
  const frame = readPeerFrame(reader, reader.open(bytes));
  reader.close();
  return frame;
}

function readPeerFrame(r: Reader, kind: number): PeerFrame {
  switch (kind) {
    case Kind.announce:
      return readAnnounce(r);
    case Kind.ack:
      return readAck(r);
    case Kind.nack:
      return readNack(r);
    case Kind.bodies:
      return { kind: 'bodies', bodies: readBodies(r) };
    case Kind.newTerm:
      return { kind: 'newTerm', record: readRecord(r), collect: r.boolean(), heldUpTo: r.varint() as OrderNum };
    case Kind.promise:
      return {
        kind: 'promise',
        term: r.varint() as Term,
        completedUpTo: r.varint() as OrderNum,
        orders: readOrders(r),
        bodies: readBodies(r),
      };
    case Kind.join:
      return readJoin(r);
    case Kind.checkpointFrame: {
      const [term, copy, join] = [r.varint() as Term, r.varint(), r.boolean()];
      return { kind: 'checkpoint', term, copy, join, head: readHead(r) };
    }
    case Kind.piece: {
      const [term, copy, index] = [r.varint() as Term, r.varint(), r.varint()];
      return { kind: 'piece', term, copy, index, piece: readPiece(r) };
    }
    case Kind.pieceAck: {
      const [term, copy, upTo, byte] = [r.varint() as Term, r.varint(), r.varint(), r.byte()];
      const answer = ANSWERS[byte] ?? malformed(`${byte} is no answer to a piece`);
      return { kind: 'pieceAck', term, copy, upTo, answer };
    }
    case Kind.busy:
      return { kind: 'busy', term: r.varint() as Term, forMs: r.varint() };
    case Kind.busyHeard:
      return { kind: 'busyHeard', term: r.varint() as Term };
    case Kind.noCheckpoint:
      return { kind: 'noCheckpoint', term: r.varint() as Term, reason: r.string() };
    default:
      return malformed(`kind ${kind} is not a peer frame`);
  }
}

function readJoin(r: Reader): JoinFrame {
  const [member, address, peerAddress] = [readMember(r), readAddress(r), readOptionalAddress(r)];
  return { kind: 'join', member, address, ...(peerAddress !== undefined && { peerAddress }) };
}

function writeAnnounce(w: Writer, frame: AnnounceFrame): void {
  w.varint(frame.term);
  w.clock(frame.sentAtMs);
  w.varint(frame.stableUpTo);
  writeOrders(w, frame.orders);
  writeBodies(w, frame.bodies);
  w.boolean(frame.digest !== undefined);
  if (frame.digest !== undefined) {
    w.varint(frame.digest.orderNum);
    w.signed(frame.digest.value);
  }
  w.boolean(frame.stateDigest !== undefined);
  if (frame.stateDigest === undefined) return;
  w.varint(frame.stateDigest.orderNum);
  w.string(frame.stateDigest.value);
}

function readAnnounce(r: Reader): AnnounceFrame {
  return {
    kind: 'announce',
    term: r.varint() as Term,
    sentAtMs: r.clock(),
    stableUpTo: r.varint() as OrderNum,
    orders: readOrders(r),
    bodies: readBodies(r),
    digest: r.boolean() ? { orderNum: r.varint() as OrderNum, value: r.signed() } : undefined,
    stateDigest: r.boolean() ? { orderNum: r.varint() as OrderNum, value: r.string() } : undefined,
  };
}

function writeAck(w: Writer, frame: AckFrame): void {
  w.varint(frame.term);
  w.clock(frame.heartbeatMs);
  w.varint(frame.heldUpTo);
  w.offsetFrom(frame.heldUpTo, frame.processedUpTo);
  w.offsetFrom(frame.heldUpTo, frame.toldUpTo);
  w.boolean(frame.afresh);
  writeIds(w, frame.registered);
  writeIds(w, frame.unregistered);
  w.boolean(frame.byCopy);
  w.boolean(frame.divergedAt !== undefined);
  if (frame.divergedAt !== undefined) w.varint(frame.divergedAt);
  w.varint(frame.statesEqualUpTo);
  w.boolean(frame.leaving);
}

function readAck(r: Reader): AckFrame {
  const term = r.varint() as Term;
  const heartbeatMs = r.clock();
  const heldUpTo = r.varint() as OrderNum;
  return {
    kind: 'ack',
    term,
    heartbeatMs,
    heldUpTo,
    processedUpTo: r.offsetFrom(heldUpTo) as OrderNum,
    toldUpTo: r.offsetFrom(heldUpTo) as OrderNum,
    afresh: r.boolean(),
    registered: readIds(r),
    unregistered: readIds(r),
    byCopy: r.boolean(),
    divergedAt: r.boolean() ? (r.varint() as OrderNum) : undefined,
    statesEqualUpTo: r.varint() as OrderNum,
    leaving: r.boolean(),
  };
}

function writeNack(w: Writer, frame: NackFrame): void {
  w.varint(frame.term);
  w.boolean(frame.ordersAfter !== undefined);
  if (frame.ordersAfter !== undefined) w.varint(frame.ordersAfter);
  w.varint(frame.bodies.length);
  for (const { connection, seqNum } of frame.bodies) writeName(w, connection, seqNum);
}

function readNack(r: Reader): NackFrame {
  const term = r.varint() as Term;
  const ordersAfter = r.boolean() ? (r.varint() as OrderNum) : undefined;
  const bodies: { connection: ConnectionId; seqNum: SeqNum }[] = [];
  for (let left = r.count(NAME_MIN_BYTES); left > 0; left--) bodies.push(readName(r));
  return { kind: 'nack', term, ordersAfter, bodies };
}

function writeIds(w: Writer, ids: readonly ConnectionId[]): void {
  w.varint(ids.length);
  for (const id of ids) w.connectionId(id);
}

function readIds(r: Reader): ConnectionId[] {
  const ids: ConnectionId[] = [];
  for (let left = r.count(CONNECTION_BYTES); left > 0; left--) ids.push(r.connectionId());
  return ids;
}
