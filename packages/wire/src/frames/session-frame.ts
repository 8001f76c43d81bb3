/** The frames that a client sends to the replicas of a group. */
import type { Term } from '@understudy/core';
import {
  type CollectedFrame,
  type HelloFrame,
  type MulticastFrame,
  NO_SEQ,
  type OrderNum,
  type ReadRequest,
  type Request,
  type SeqNum,
  type SeqRequest,
  type SessionFrame,
  unreachable,
} from '@understudy/core/internal';
import { malformed, unencodable } from '../bytes/failure.js';
import { Kind } from '../bytes/layout.js';
import type { FrameBytes } from '../bytes/pieces.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { readSessionHeader, sessionHeaderBytes, writeSessionHeader } from '../parts/header.js';
import { ownerless } from '../parts/nested.js';
import { isFlagged, readRequest, readRequestAfter, requestBytes, writeRequest } from '../parts/request.js';
import { readSealed, sealedBytes, writeSealed } from '../parts/sealed.js';
import { connectionOf, readSecret, writeSecret } from '../parts/secret.js';
import { readSeqNums, writeSeqNums } from '../parts/seq-list.js';
import { readSpoken, writeSpoken } from '../parts/spoken.js';
import { readAsks, writeAsks } from '../parts/stream.js';

/**
 * How many entries a frame of a client has: requests, their metadata, streams, announcements and numbers. A client of ours
 * has at most 4096 requests under way, and one with more than 48 entries of metadata travels in a frame of its own.
 */
const ENTRIES_MAX = 262_144;

/** seqNum or readId, method and length of the message. */
const REQUEST_MIN_BYTES = 3;

/**
 * Encodes a frame from a client to a replica.
 *
 * @param secret the secret of the client's session, which its hello shows in place of the connection
 */
export function encodeSessionFrame(frame: SessionFrame, secret: Uint8Array): Uint8Array {
  switch (frame.kind) {
    case 'hello':
      writer.begin(Kind.hello, 96 + frame.group.length);
      writeHello(writer, frame, secret);
      break;
    case 'multicast':
      writer.begin(Kind.multicast, multicastBytes(frame));
      writeMulticast(writer, frame);
      break;
    case 'backupReads':
      writer.begin(Kind.backupReads, 32 + readsBytes(frame.reads));
      writer.varint(frame.term);
      writer.varint(frame.after);
      writeReads(writer, frame.reads);
      break;
    case 'collected':
      writer.begin(Kind.collected, 64 + sealedBytes(frame.orders) + frame.retained.length + frame.outstanding.length);
      writeCollected(writer, frame);
      break;
    case 'goodbye':
      writer.begin(Kind.goodbye, 0);
      break;
    default:
      unreachable(frame, 'session frame');
  }
  return writer.finish();
}

/** Encodes the frame in pieces: a large message is a piece of its own and is not copied. */
export const sessionFramePieces = (frame: SessionFrame, secret: Uint8Array): FrameBytes =>
  writer.inPieces(() => encodeSessionFrame(frame, secret));

/**
 * Decodes a frame from a client to a replica. Bodies are views of `bytes`: keep one, and all of `bytes` stays in
 * memory.
 *
 * @throws UnderstudyError UNDERSTUDY_MALFORMED
 */
export function decodeSessionFrame(bytes: Uint8Array): SessionFrame {
  const frame = readSessionFrame(reader, reader.open(bytes, ENTRIES_MAX));
  reader.close();
  return frame;
}

function readSessionFrame(r: Reader, kind: number): SessionFrame {
  switch (kind) {
    case Kind.hello:
      return readHello(r);
    case Kind.multicast:
      return readMulticast(r);
    case Kind.backupReads:
      return {
        ...{ kind: 'backupReads', term: r.varint() as Term, after: r.varint() as OrderNum },
        reads: readReads(r),
      };
    case Kind.collected:
      return readCollected(r);
    case Kind.goodbye:
      return { kind: 'goodbye' };
    default:
      return malformed(`kind ${kind} is not a session frame`);
  }
}

function writeHello(w: Writer, frame: HelloFrame, secret: Uint8Array): void {
  writeSpoken(w);
  w.string(frame.group);
  writeSecret(w, secret);
  if (connectionOf(secret) !== frame.connection) unencodable('the hello of a session with the secret of another');
  w.boolean(frame.fresh);
  w.varint(frame.term);
  w.varint(frame.repliesSeenUpTo);
  w.clock(frame.sentAtMs);
  w.varint(frame.settings);
  w.varint(Math.max(0, Math.floor(frame.wallMs ?? 0)));
}

function readHello(r: Reader): HelloFrame {
  readSpoken(r);
  const hello = {
    kind: 'hello',
    group: r.string(),
    connection: readSecret(r),
    fresh: r.boolean(),
    term: r.varint() as Term,
    repliesSeenUpTo: r.varint() as SeqNum,
    sentAtMs: r.clock(),
    settings: r.varint(),
  } as const;
  const wallMs = r.varint();
  return wallMs === 0 ? hello : { ...hello, wallMs };
}

/**
 * Refuses parts that no client may send. Only a group's primary brings in the replies to its calls; a client that could
 * send one would speak for another service. Only replicas form the names of idempotency keys, from the caller's
 * identity and its metadata; a client that could send one would answer, or block, the calls of others.
 */
function fromClient(request: Request): Request {
  if (request.reply !== undefined) malformed('a client sent the reply to a nested call');
  if (request.timer !== undefined) malformed('a client sent a timer');
  if (request.key !== undefined) malformed('a client named an idempotency key in a frame');
  if (request.nested !== undefined) ownerless(request.nested);
  return request;
}

function writeMulticast(w: Writer, frame: MulticastFrame): void {
  writeSessionHeader(w, frame.header, false);
  w.varint(frame.requests.length);
  let previous = frame.header.repliesSeenUpTo;
  for (const { seqNum, request, awaitStable } of frame.requests) {
    w.after(previous, seqNum);
    writeRequest(w, request, awaitStable);
    previous = seqNum;
  }
  writeReads(w, frame.reads);
  writeAsks(w, frame.streams);
  writeSeqNums(w, NO_SEQ, frame.coming ?? []);
}

function readMulticast(r: Reader): MulticastFrame {
  const header = readSessionHeader(r, r.byte(), false);
  const requests: SeqRequest[] = [];
  let seqNum = header.repliesSeenUpTo;
  for (let left = r.count(REQUEST_MIN_BYTES); left > 0; left--) {
    seqNum = r.after(seqNum) as SeqNum;
    const head = r.varint();
    requests.push({ seqNum, request: fromClient(readRequestAfter(r, head)), awaitStable: isFlagged(head) });
  }
  const reads = readReads(r);
  const streams = readAsks(r);
  const coming = readSeqNums(r, NO_SEQ);
  const frame: MulticastFrame = { kind: 'multicast', header, requests, reads, streams };
  return coming.length === 0 ? frame : { ...frame, coming };
}

function multicastBytes(frame: MulticastFrame): number {
  let bytes = 16 + sessionHeaderBytes(frame.header) + 8 * frame.streams.length + 4 * (frame.coming?.length ?? 0);
  for (const { request } of frame.requests) bytes += requestBytes(request);
  return bytes + readsBytes(frame.reads);
}

function writeReads(w: Writer, reads: readonly ReadRequest[]): void {
  w.varint(reads.length);
  let previous = 0;
  for (const { readId, request } of reads) {
    w.after(previous, readId);
    writeRequest(w, request, false);
    previous = readId;
  }
}

function readReads(r: Reader): ReadRequest[] {
  const reads: ReadRequest[] = [];
  let readId = 0;
  for (let left = r.count(REQUEST_MIN_BYTES); left > 0; left--) {
    readId = r.after(readId);
    reads.push({ readId, request: fromClient(readRequest(r)) });
  }
  return reads;
}

const readsBytes = (reads: readonly ReadRequest[]): number =>
  reads.reduce((sum, { request }) => sum + requestBytes(request), 0);

function writeCollected(w: Writer, frame: CollectedFrame): void {
  w.varint(frame.term);
  writeSealed(w, frame.orders);
  w.varint(frame.repliesSeenUpTo);
  writeSeqNums(w, frame.repliesSeenUpTo, frame.retained);
  writeSeqNums(w, frame.repliesSeenUpTo, frame.outstanding);
  writeAsks(w, frame.streams);
  w.after(frame.retained.at(-1) ?? NO_SEQ, frame.sentUpTo);
  w.clock(frame.sentAtMs);
}

function readCollected(r: Reader): CollectedFrame {
  const term = r.varint() as Term;
  const orders = readSealed(r);
  const repliesSeenUpTo = r.varint() as SeqNum;
  const retained = readSeqNums(r, repliesSeenUpTo);
  const outstanding = readSeqNums(r, repliesSeenUpTo);
  const streams = readAsks(r);
  const sentUpTo = r.after(retained.at(-1) ?? NO_SEQ) as SeqNum;
  const sentAtMs = r.clock();
  return { kind: 'collected', term, orders, retained, outstanding, streams, sentUpTo, repliesSeenUpTo, sentAtMs };
}
