/** The frames that a replica sends to a client. */
import { ERROR_CODES, type ErrorCode, type Term } from '@understudy/core';
import {
  type BackupAnswer,
  type BackupAnswersFrame,
  NO_ORDER,
  NO_SEQ,
  type OrderNum,
  type ReadReply,
  type RepliesFrame,
  type ReplyFrame,
  type SeqNum,
  type SeqReply,
  unreachable,
  type WelcomeFrame,
} from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import { Kind } from '../bytes/layout.js';
import type { FrameBytes } from '../bytes/pieces.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { readReplicaHeader, replicaHeaderBytes, writeReplicaHeader } from '../parts/header.js';
import { CARRIER_FLAG, outcomeBytes, readOutcome, writeOutcome } from '../parts/outcome.js';
import { readMember, readView, writeMember, writeView } from '../parts/record/membership.js';
import { readSeqNums, writeSeqNums } from '../parts/seq-list.js';
import { readSettings, settingsBytes, writeSettings } from '../parts/settings.js';
import { readSpoken, writeSpoken } from '../parts/spoken.js';
import { itemsBytes, readItems, writeItems } from '../parts/stream.js';

const RARE_FRAME_BYTES = 256;
/** seqNum or readId, and the first byte of the outcome. */
const REPLY_MIN_BYTES = 2;
/** readId, orderNum, and the first byte of the outcome. */
const ANSWER_MIN_BYTES = 3;

/** Encodes a frame from a replica to a client. */
export function encodeReplyFrame(frame: ReplyFrame): Uint8Array {
  switch (frame.kind) {
    case 'welcome':
      writer.begin(Kind.welcome, RARE_FRAME_BYTES + (frame.settings === undefined ? 0 : settingsBytes(frame.settings)));
      writeWelcome(writer, frame);
      break;
    case 'settings':
      writer.begin(Kind.settings, RARE_FRAME_BYTES + settingsBytes(frame.settings));
      writer.varint(frame.term);
      writer.boolean(frame.reflect);
      writer.clock(frame.sessionMs);
      writer.varint(frame.sessionBytes);
      writeSettings(writer, frame.settings);
      break;
    case 'replies':
      writer.begin(Kind.replies, repliesBytes(frame));
      writeReplies(writer, frame);
      break;
    case 'backupAnswers':
      writer.begin(Kind.backupAnswers, answersBytes(frame));
      writeAnswers(writer, frame);
      break;
    case 'newTerm':
      writer.begin(Kind.sessionNewTerm, RARE_FRAME_BYTES);
      writeView(writer, frame.view);
      writer.boolean(frame.collect);
      break;
    case 'nack':
      writer.begin(Kind.sessionNack, 16 + 2 * frame.seqNums.length);
      writeSeqNums(writer, NO_SEQ, frame.seqNums);
      break;
    case 'refused':
      writer.begin(Kind.refused, RARE_FRAME_BYTES);
      writer.string(frame.code);
      writer.string(frame.reason);
      break;
    default:
      unreachable(frame, 'reply frame');
  }
  return writer.finish();
}

/** Encodes the frame in pieces: a large message is a piece of its own and is not copied. */
export const replyFramePieces = (frame: ReplyFrame): FrameBytes => writer.inPieces(() => encodeReplyFrame(frame));

/**
 * Decodes a frame from a replica to a client. Messages are views of `bytes`: keep one, and all of `bytes` stays in
 * memory.
 *
 * @throws UnderstudyError UNDERSTUDY_MALFORMED
 */
export function decodeReplyFrame(bytes: Uint8Array): ReplyFrame {
  const frame = readReplyFrame(reader, reader.open(bytes));
  reader.close();
  return frame;
}

function readReplyFrame(r: Reader, kind: number): ReplyFrame {
  switch (kind) {
    case Kind.welcome:
      return readWelcome(r);
    case Kind.settings:
      return {
        ...{ kind: 'settings', term: r.varint() as Term, reflect: r.boolean() },
        ...{ sessionMs: r.clock(), sessionBytes: r.varint(), settings: readSettings(r) },
      };
    case Kind.replies:
      return readReplies(r);
    case Kind.backupAnswers:
      return readAnswers(r);
    case Kind.sessionNewTerm:
      return { kind: 'newTerm', view: readView(r), collect: r.boolean() };
    case Kind.sessionNack:
      return { kind: 'nack', seqNums: readSeqNums(r, NO_SEQ) };
    case Kind.refused:
      return { kind: 'refused', code: readErrorCode(r), reason: r.string() };
    default:
      return malformed(`kind ${kind} is not a reply frame`);
  }
}

function writeWelcome(w: Writer, frame: WelcomeFrame): void {
  writeSpoken(w);
  writeMember(w, frame.replica);
  writeView(w, frame.view);
  w.varint(frame.receivedUpTo);
  writeSeqNums(w, frame.receivedUpTo, frame.receivedEarly ?? []);
  w.varint(frame.sessionBytes ?? 0);
  w.clock(frame.heartbeatMs);
  w.boolean(frame.reflect);
  w.clock(frame.sessionMs);
  w.boolean(frame.settings !== undefined);
  if (frame.settings !== undefined) writeSettings(w, frame.settings);
}

function readWelcome(r: Reader): WelcomeFrame {
  readSpoken(r);
  const [replica, view, receivedUpTo] = [readMember(r), readView(r), r.varint() as SeqNum];
  const receivedEarly = readSeqNums(r, receivedUpTo);
  const sessionBytes = r.varint();
  const welcome = {
    kind: 'welcome',
    replica,
    view,
    receivedUpTo,
    ...(receivedEarly.length > 0 && { receivedEarly }),
    ...(sessionBytes > 0 && { sessionBytes }),
    heartbeatMs: r.clock(),
    reflect: r.boolean(),
    sessionMs: r.clock(),
  } as const;
  return r.boolean() ? { ...welcome, settings: readSettings(r) } : welcome;
}

function writeReplies(w: Writer, frame: RepliesFrame): void {
  writeReplicaHeader(w, frame.header, false);
  w.varint(frame.replies.length);
  let previous = NO_SEQ;
  for (const { seqNum, outcome, stable, orderNum } of frame.replies) {
    w.after(previous, seqNum);
    writeOutcome(w, outcome, stable ? CARRIER_FLAG : 0);
    if (!stable) w.varint(orderNum);
    previous = seqNum;
  }
  w.varint(frame.reads.length);
  let previousRead = 0;
  for (const { readId, outcome, stable } of frame.reads) {
    w.after(previousRead, readId);
    writeOutcome(w, outcome, stable ? CARRIER_FLAG : 0);
    previousRead = readId;
  }
  writeItems(w, frame.items);
}

function readReplies(r: Reader): RepliesFrame {
  const header = readReplicaHeader(r, r.byte(), false);
  const replies: SeqReply[] = [];
  let seqNum = NO_SEQ;
  for (let left = r.count(REPLY_MIN_BYTES); left > 0; left--) {
    seqNum = r.after(seqNum) as SeqNum;
    const flags = r.byte();
    const outcome = readOutcome(r, flags, true);
    const stable = (flags & CARRIER_FLAG) !== 0;
    replies.push({ seqNum, outcome, stable, orderNum: stable ? NO_ORDER : (r.varint() as OrderNum) });
  }
  const reads: ReadReply[] = [];
  let readId = 0;
  for (let left = r.count(REPLY_MIN_BYTES); left > 0; left--) {
    readId = r.after(readId);
    const flags = r.byte();
    reads.push({ readId, outcome: readOutcome(r, flags, true), stable: (flags & CARRIER_FLAG) !== 0 });
  }
  return { kind: 'replies', header, replies, reads, items: readItems(r) };
}

function writeAnswers(w: Writer, { answers, elsewhere }: BackupAnswersFrame): void {
  w.varint(answers.length);
  for (const { readId, outcome, orderNum } of answers) {
    w.varint(readId);
    w.varint(orderNum);
    writeOutcome(w, outcome, 0);
  }
  w.varint(elsewhere.length);
  for (const readId of elsewhere) w.varint(readId);
}

function readAnswers(r: Reader): BackupAnswersFrame {
  const answers: BackupAnswer[] = [];
  for (let left = r.count(ANSWER_MIN_BYTES); left > 0; left--) {
    const [readId, orderNum] = [r.varint(), r.varint() as OrderNum];
    answers.push({ readId, orderNum, outcome: readOutcome(r, r.byte(), false) });
  }
  const elsewhere: number[] = [];
  for (let left = r.count(1); left > 0; left--) elsewhere.push(r.varint());
  return { kind: 'backupAnswers', answers, elsewhere };
}

const answersBytes = ({ answers, elsewhere }: BackupAnswersFrame): number =>
  answers.reduce((sum, { outcome }) => sum + 18 + outcomeBytes(outcome), 24 + 9 * elsewhere.length);

function repliesBytes(frame: RepliesFrame): number {
  let bytes = 16 + replicaHeaderBytes(frame.header) + itemsBytes(frame.items);
  for (const { outcome } of frame.replies) bytes += 10 + outcomeBytes(outcome);
  for (const { outcome } of frame.reads) bytes += 2 + outcomeBytes(outcome);
  return bytes;
}

function readErrorCode(r: Reader): ErrorCode {
  const code = r.string();
  if (!Object.hasOwn(ERROR_CODES, code)) malformed('unknown error code');
  return code as ErrorCode;
}
