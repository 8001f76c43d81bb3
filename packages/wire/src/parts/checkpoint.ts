/** Checkpoints in pieces: everything that a replica needs in place of the log up to an order. */
import type { OrderNum, Term } from '@understudy/core';
import {
  type CheckpointHead,
  type CheckpointRecords,
  type ConnectionId,
  type ConnectionSnapshot,
  type KeyedReply,
  type Outcome,
  type Piece,
  type SeqNum,
  type StreamItem,
  type StreamSnapshot,
  unreachable,
} from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import { CONNECTION_BYTES } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';
import { callersBytes, readCallers, writeCallers } from './nested.js';
import { outcomeBytes, readOutcome, writeOutcome } from './outcome.js';
import { itemBytes, readBareItem, writeBareItem } from './stream.js';
import { readTimers, timersBytes, writeTimers } from './timer.js';

/** The kinds of pieces, each written as its index in this list. Never change the order. */
const PIECES = ['records', 'state', 'end'] as const satisfies readonly Piece['kind'][];

const FIXED_BYTES = 64;
/** Connection, repliesSeenUpTo, whether there is a peer, number of outcomes, number of streams. */
const CONNECTION_MIN_BYTES = CONNECTION_BYTES + 4;
/** Stream, takenUpTo, number of items. */
const STREAM_MIN_BYTES = 3;
/** The kind, and at least a byte of content. */
const ITEM_MIN_BYTES = 2;
/** seqNum and the first byte of the outcome. */
const OUTCOME_MIN_BYTES = 2;
/** Key, digest and the first byte of the outcome. */
const KEYED_MIN_BYTES = 3;

export function writeHead(w: Writer, head: CheckpointHead): void {
  w.varint(head.orderNum);
  w.varint(head.term);
  w.varint(head.timeMs);
  w.signed(head.digest);
  w.boolean(head.expiredForgotten);
}

export function readHead(r: Reader): CheckpointHead {
  return {
    orderNum: r.varint() as OrderNum,
    term: r.varint() as Term,
    timeMs: r.varint(),
    digest: r.signed(),
    expiredForgotten: r.boolean(),
  };
}

export function writePiece(w: Writer, piece: Piece): void {
  w.byte(PIECES.indexOf(piece.kind));
  switch (piece.kind) {
    case 'records':
      writeRecords(w, piece.records);
      break;
    case 'state':
      w.bytes(piece.bytes);
      break;
    case 'end':
      w.string(piece.digest);
      break;
    default:
      unreachable(piece, 'piece');
  }
}

export function readPiece(r: Reader): Piece {
  const byte = r.byte();
  const kind = PIECES[byte];
  switch (kind) {
    case 'records':
      return { kind, records: readRecords(r) };
    case 'state':
      return { kind, bytes: r.bytes() };
    case 'end':
      return { kind, digest: r.string() };
    default:
      return malformed(`${byte} is no piece of a checkpoint`);
  }
}

/** About as many bytes as `writePiece` needs. */
export function pieceBytes(piece: Piece): number {
  switch (piece.kind) {
    case 'records':
      return recordsBytes(piece.records);
    case 'state':
      return FIXED_BYTES + piece.bytes.length;
    default:
      return FIXED_BYTES + piece.digest.length;
  }
}

function writeRecords(w: Writer, records: CheckpointRecords): void {
  w.varint(records.connections.length);
  for (const connection of records.connections) writeConnection(w, connection);
  w.varint(records.keyed.length);
  for (const { key, requestDigest, outcome } of records.keyed) {
    w.string(key);
    w.signed(requestDigest);
    writeOutcome(w, outcome, 0);
  }
  writeCallers(w, records.callers);
  w.varint(records.expired.length);
  for (const id of records.expired) w.connectionId(id);
  writeTimers(w, records);
}

const readRecords = (r: Reader): CheckpointRecords => ({
  connections: readConnections(r),
  keyed: readKeyed(r),
  callers: readCallers(r),
  expired: readExpired(r),
  ...readTimers(r),
});

function recordsBytes(records: CheckpointRecords): number {
  let bytes = FIXED_BYTES + CONNECTION_BYTES * records.expired.length;
  for (const { peer, outcomes, streams } of records.connections) {
    bytes += 28 + (peer ?? '').length;
    for (const [, outcome] of outcomes) bytes += 4 + outcomeBytes(outcome);
    for (const { items } of streams) for (const item of items) bytes += 12 + itemBytes(item);
  }
  for (const { key, outcome } of records.keyed) bytes += 12 + key.length + outcomeBytes(outcome);
  return bytes + callersBytes(records.callers) + timersBytes(records);
}

function writeConnection(w: Writer, snapshot: ConnectionSnapshot): void {
  const { connection, repliesSeenUpTo, peer, outcomes, streams } = snapshot;
  w.connectionId(connection);
  w.varint(repliesSeenUpTo);
  w.boolean(peer !== undefined);
  if (peer !== undefined) w.string(peer);
  w.varint(outcomes.length);
  let previous = repliesSeenUpTo;
  for (const [seqNum, outcome] of outcomes) {
    w.after(previous, seqNum);
    writeOutcome(w, outcome, 0);
    previous = seqNum;
  }
  w.varint(streams.length);
  for (const { stream, takenUpTo, items } of streams) {
    w.varint(stream);
    w.varint(takenUpTo);
    w.varint(items.length);
    for (const item of items) writeBareItem(w, item);
  }
}

function readConnections(r: Reader): ConnectionSnapshot[] {
  const connections: ConnectionSnapshot[] = [];
  for (let left = r.count(CONNECTION_MIN_BYTES); left > 0; left--) {
    const connection = r.connectionId();
    const repliesSeenUpTo = r.varint() as SeqNum;
    const peer = r.boolean() ? r.string() : undefined;
    const outcomes = readOutcomes(r, repliesSeenUpTo);
    connections.push({ connection, repliesSeenUpTo, peer, outcomes, streams: readStreams(r) });
  }
  return connections;
}

function readStreams(r: Reader): StreamSnapshot[] {
  const streams: StreamSnapshot[] = [];
  for (let left = r.count(STREAM_MIN_BYTES); left > 0; left--) {
    const stream = r.varint() as SeqNum;
    const takenUpTo = r.varint();
    const items: StreamItem[] = [];
    for (let more = r.count(ITEM_MIN_BYTES); more > 0; more--) items.push(readBareItem(r));
    streams.push({ stream, takenUpTo, items });
  }
  return streams;
}

function readOutcomes(r: Reader, repliesSeenUpTo: SeqNum): [SeqNum, Outcome][] {
  const outcomes: [SeqNum, Outcome][] = [];
  let seqNum = repliesSeenUpTo;
  for (let left = r.count(OUTCOME_MIN_BYTES); left > 0; left--) {
    seqNum = r.after(seqNum) as SeqNum;
    outcomes.push([seqNum, readOutcome(r, r.byte(), false)]);
  }
  return outcomes;
}

function readKeyed(r: Reader): KeyedReply[] {
  const keyed: KeyedReply[] = [];
  for (let left = r.count(KEYED_MIN_BYTES); left > 0; left--) {
    keyed.push({ key: r.string(), requestDigest: r.signed(), outcome: readOutcome(r, r.byte(), false) });
  }
  return keyed;
}

function readExpired(r: Reader): ConnectionId[] {
  const expired: ConnectionId[] = [];
  for (let left = r.count(CONNECTION_BYTES); left > 0; left--) expired.push(r.connectionId());
  return expired;
}
