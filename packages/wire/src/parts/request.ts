/** Bodies of calls, alone and with the connection and seqNum that name them. */
import type { Body, ConnectionId, Request, SeqNum } from '@understudy/core/internal';
import type { Draft } from '../bytes/draft.js';
import { malformed } from '../bytes/failure.js';
import { Kind } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { metadataBytes, readMetadata, writeMetadata } from './metadata.js';
import { callerBytes, nestedReplyBytes, readCaller, readNestedReply, writeCaller, writeNestedReply } from './nested.js';
import { partBytes, readPart, writePart } from './stream.js';
import { readTimer, timerBytes, writeTimer } from './timer.js';

const HAS_METADATA = 0b1;
const HAS_DEADLINE = 0b10;
const HAS_KEY = 0b100;
/** A flag that the carrier of the request may use. */
const CARRIER_FLAG = 0b1000;
const HAS_STREAM = 0b10000;
/** Another byte follows whose flags name the rare parts that the request has. */
const HAS_MORE = 0b100000;
const FLAG_BITS = 6;
const HAS_CALLER = 0b1;
const HAS_REPLY = 0b10;
const HAS_TIMER = 0b100;

/** Connection, seqNum, method and length of the message. */
const BODY_MIN_BYTES = 4;

export function writeRequest(w: Writer, request: Request, carrierFlag: boolean): void {
  const { method, message, metadata, deadlineMs, key, stream, nested, reply, timer } = request;
  const rare =
    (nested === undefined ? 0 : HAS_CALLER) |
    (reply === undefined ? 0 : HAS_REPLY) |
    (timer === undefined ? 0 : HAS_TIMER);
  const flags =
    (metadata === undefined ? 0 : HAS_METADATA) |
    (deadlineMs === undefined ? 0 : HAS_DEADLINE) |
    (key === undefined ? 0 : HAS_KEY) |
    (stream === undefined ? 0 : HAS_STREAM) |
    (rare === 0 ? 0 : HAS_MORE) |
    (carrierFlag ? CARRIER_FLAG : 0);
  w.name(method, FLAG_BITS, flags);
  w.bytes(message);
  if (metadata !== undefined) writeMetadata(w, metadata);
  if (deadlineMs !== undefined) w.float(deadlineMs);
  if (key !== undefined) w.string(key);
  if (stream !== undefined) writePart(w, stream);
  if (rare === 0) return;
  w.byte(rare);
  if (nested !== undefined) writeCaller(w, nested);
  if (reply !== undefined) writeNestedReply(w, reply);
  if (timer !== undefined) writeTimer(w, timer);
}

export function readRequest(r: Reader): Request {
  const head = r.varint();
  if (isFlagged(head)) malformed('unknown flag of a request');
  return readRequestAfter(r, head);
}

/** Whether the carrier's flag is set in the first number of a request. */
export const isFlagged = (head: number): boolean => (head & CARRIER_FLAG) !== 0;

/** @param head the first number of the request, which the caller has read */
export function readRequestAfter(r: Reader, head: number): Request {
  const method = r.name(Math.floor(head / (1 << FLAG_BITS)));
  const request: Draft<Request> = { method, message: r.bytes() };
  if (head & HAS_METADATA) request.metadata = readMetadata(r);
  if (head & HAS_DEADLINE) request.deadlineMs = r.float();
  if (head & HAS_KEY) request.key = r.string();
  if (head & HAS_STREAM) request.stream = readPart(r);
  if (head & HAS_MORE) {
    const more = r.flags(HAS_CALLER | HAS_REPLY | HAS_TIMER);
    if (more === 0) malformed('rare parts of a request that are none');
    if (more & HAS_CALLER) request.nested = readCaller(r);
    if (more & HAS_REPLY) request.reply = readNestedReply(r);
    if (more & HAS_TIMER) request.timer = readTimer(r);
  }
  return request;
}

/** About as many bytes as `writeRequest` needs, without the method, which a frame writes out once. */
export function requestBytes(request: Request): number {
  return (
    12 +
    request.message.length +
    (request.metadata === undefined ? 0 : metadataBytes(request.metadata)) +
    (request.key === undefined ? 0 : 8 + request.key.length) +
    (request.stream === undefined ? 0 : partBytes(request.stream)) +
    (request.nested === undefined ? 0 : callerBytes(request.nested)) +
    (request.reply === undefined ? 0 : nestedReplyBytes(request.reply)) +
    (request.timer === undefined ? 0 : timerBytes(request.timer))
  );
}

export function writeBodies(w: Writer, bodies: readonly Body[]): void {
  w.varint(bodies.length);
  for (const body of bodies) {
    writeName(w, body.connection, body.seqNum);
    writeRequest(w, body.request, false);
  }
}

export function readBodies(r: Reader): Body[] {
  const bodies: Body[] = [];
  for (let left = r.count(BODY_MIN_BYTES); left > 0; left--) {
    const { connection, seqNum } = readName(r);
    bodies.push({ connection, seqNum, request: readRequest(r) });
  }
  return bodies;
}

export function bodiesBytes(bodies: readonly Body[]): number {
  let bytes = 8;
  for (const body of bodies) bytes += 8 + requestBytes(body.request);
  return bytes;
}

/** Writes the name of a body: its connection and its seqNum. */
export function writeName(w: Writer, connection: ConnectionId, seqNum: SeqNum): void {
  const index = w.connection(connection, 0, 0);
  w.after(w.connections.lastSeq(index), seqNum);
  w.connections.setLastSeq(index, seqNum);
}

export function readName(r: Reader): { readonly connection: ConnectionId; readonly seqNum: SeqNum } {
  const index = r.varint();
  const connection = r.connection(index);
  const seqNum = r.after(r.connections.lastSeq(index)) as SeqNum;
  r.connections.setLastSeq(index, seqNum);
  return { connection, seqNum };
}

/** Encodes a request that stands by itself. */
export function encodeRequest(request: Request): Uint8Array {
  writer.begin(Kind.request, requestBytes(request));
  writeRequest(writer, request, false);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodeRequest(bytes: Uint8Array): Request {
  reader.openAs(Kind.request, bytes);
  const request = readRequest(reader);
  reader.close();
  return request;
}
