/** Checkpoints: everything that a replica needs in place of the log up to an order. */
import type { OrderNum, Term } from '@understudy/core';
import type {
  Checkpoint,
  ConnectionId,
  ConnectionSnapshot,
  KeyedReply,
  Outcome,
  SeqNum,
  StreamItem,
  StreamSnapshot,
} from '@understudy/core/internal';
import { CONNECTION_BYTES, Kind } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { callersBytes, readCallers, writeCallers } from './nested.js';
import { outcomeBytes, readOutcome, writeOutcome } from './outcome.js';
import { itemBytes, readBareItem, writeBareItem } from './stream.js';

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

export function writeCheckpoint(w: Writer, checkpoint: Checkpoint): void {
  w.varint(checkpoint.orderNum);
  w.varint(checkpoint.term);
  w.varint(checkpoint.timeMs);
  w.signed(checkpoint.digest);
  w.bytes(checkpoint.state);
  w.varint(checkpoint.connections.length);
  for (const connection of checkpoint.connections) writeConnection(w, connection);
  w.varint(checkpoint.keyed.length);
  for (const { key, requestDigest, outcome } of checkpoint.keyed) {
    w.string(key);
    w.signed(requestDigest);
    writeOutcome(w, outcome, 0);
  }
  writeCallers(w, checkpoint.callers);
  w.varint(checkpoint.expired.length);
  for (const id of checkpoint.expired) w.connectionId(id);
  w.boolean(checkpoint.expiredForgotten);
}

export function readCheckpoint(r: Reader): Checkpoint {
  return {
    orderNum: r.varint() as OrderNum,
    term: r.varint() as Term,
    timeMs: r.varint(),
    digest: r.signed(),
    state: r.bytes(),
    connections: readConnections(r),
    keyed: readKeyed(r),
    callers: readCallers(r),
    expired: readExpired(r),
    expiredForgotten: r.boolean(),
  };
}

/** About as many bytes as `writeCheckpoint` needs. */
export function checkpointBytes(checkpoint: Checkpoint): number {
  let bytes = FIXED_BYTES + checkpoint.state.length + CONNECTION_BYTES * checkpoint.expired.length;
  for (const { peer, outcomes, streams } of checkpoint.connections) {
    bytes += 28 + (peer ?? '').length;
    for (const [, outcome] of outcomes) bytes += 4 + outcomeBytes(outcome);
    for (const { items } of streams) for (const item of items) bytes += 12 + itemBytes(item);
  }
  for (const { key, outcome } of checkpoint.keyed) bytes += 12 + key.length + outcomeBytes(outcome);
  return bytes + callersBytes(checkpoint.callers);
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

/** Encodes a checkpoint that stands by itself. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  writer.begin(Kind.checkpoint, checkpointBytes(checkpoint));
  writeCheckpoint(writer, checkpoint);
  return writer.finish();
}

/**
 * Decodes a checkpoint. State and replies are views of `bytes`: keep one, and all of `bytes` stays in memory.
 *
 * @throws UnderstudyError UNDERSTUDY_MALFORMED
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  reader.openAs(Kind.checkpoint, bytes);
  const checkpoint = readCheckpoint(reader);
  reader.close();
  return checkpoint;
}
