/**
 * Calls that handlers make: the name of the caller, the replies on their way back, and the calls that a checkpoint
 * remembers.
 */
import type { OrderNum, Term } from '@understudy/core';
import {
  type CallerSnapshot,
  type CallSnapshot,
  CLIENT_NAME_MAX,
  type NestedCaller,
  type NestedId,
  type NestedReply,
  type SeqNum,
} from '@understudy/core/internal';
import type { Draft } from '../bytes/draft.js';
import { malformed } from '../bytes/failure.js';
import { Kind } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { outcomeBytes, readOutcome, readReply, writeOutcome } from './outcome.js';

/** Client, owner, term, settledUpTo, and number of calls. */
const CALLER_MIN_BYTES = 5;
/** OrderNum, index, digest, whether it is a stream, and the first byte of the outcome. */
const CALL_MIN_BYTES = 5;
const HAS_OWNER = 0b1;
const HAS_PROOF = 0b10;
const HAS_RECEIVED = 0b100;

export function writeId(w: Writer, { orderNum, index }: NestedId): void {
  w.varint(orderNum);
  w.varint(index);
}

export const readId = (r: Reader): NestedId => ({ orderNum: r.varint() as OrderNum, index: r.varint() });

function readClient(r: Reader): string {
  const client = r.string();
  if (client.length > CLIENT_NAME_MAX) malformed('the name of a calling group is too long');
  return client;
}

export function writeCaller(w: Writer, { client, term, id, settledUpTo, received, owner, proof }: NestedCaller): void {
  w.string(client);
  w.varint(term);
  writeId(w, id);
  w.varint(settledUpTo);
  const said = (value: unknown, flag: number): number => (value === undefined ? 0 : flag);
  w.byte(said(owner, HAS_OWNER) | said(proof, HAS_PROOF) | said(received, HAS_RECEIVED));
  if (owner !== undefined) w.string(owner);
  if (proof !== undefined) w.bytes(proof);
  if (received !== undefined) w.varint(received);
}

export function readCaller(r: Reader): NestedCaller {
  const client = readClient(r);
  const term = r.varint() as Term;
  const caller: Draft<NestedCaller> = { client, term, id: readId(r), settledUpTo: r.varint() as OrderNum };
  const flags = r.flags(HAS_OWNER | HAS_PROOF | HAS_RECEIVED);
  if (flags & HAS_OWNER) caller.owner = r.string();
  if (flags & HAS_PROOF) caller.proof = r.bytes();
  if (flags & HAS_RECEIVED) caller.received = r.varint();
  return caller;
}

export const callerBytes = ({ client, owner, proof }: NestedCaller): number =>
  32 + client.length + (owner?.length ?? 0) + (proof?.length ?? 0);

/** Refuses a caller that names the owner of its name, because replicas find that out by themselves. */
export function ownerless(caller: NestedCaller): NestedCaller {
  return caller.owner === undefined ? caller : malformed('a caller said itself whose name it uses');
}

export function writeNestedReply(w: Writer, { to, outcome }: NestedReply): void {
  writeId(w, to);
  writeOutcome(w, outcome, 0);
}

export const readNestedReply = (r: Reader): NestedReply => ({
  to: readId(r),
  outcome: readReply(r),
});

export const nestedReplyBytes = ({ outcome }: NestedReply): number => 12 + outcomeBytes(outcome);

export function writeCallers(w: Writer, callers: readonly CallerSnapshot[]): void {
  w.varint(callers.length);
  for (const { client, owner, term, settledUpTo, calls } of callers) {
    w.string(client);
    w.boolean(owner !== undefined);
    if (owner !== undefined) w.string(owner);
    w.varint(term);
    w.varint(settledUpTo);
    w.varint(calls.length);
    for (const { id, requestDigest, outcome, stream } of calls) {
      writeId(w, id);
      w.signed(requestDigest);
      w.boolean(stream !== undefined);
      if (stream !== undefined) {
        w.connectionId(stream.connection);
        w.varint(stream.seqNum);
      }
      writeOutcome(w, outcome, 0);
    }
  }
}

export function readCallers(r: Reader): CallerSnapshot[] {
  const callers: CallerSnapshot[] = [];
  for (let left = r.count(CALLER_MIN_BYTES); left > 0; left--) {
    const client = readClient(r);
    const owner = r.boolean() ? r.string() : undefined;
    const term = r.varint() as Term;
    const settledUpTo = r.varint() as OrderNum;
    const calls: CallSnapshot[] = [];
    for (let more = r.count(CALL_MIN_BYTES); more > 0; more--) calls.push(readCall(r));
    callers.push({ client, owner, term, settledUpTo, calls });
  }
  return callers;
}

function readCall(r: Reader): CallSnapshot {
  const id = readId(r);
  const requestDigest = r.signed();
  const stream = r.boolean() ? { connection: r.connectionId(), seqNum: r.varint() as SeqNum } : undefined;
  const outcome = readOutcome(r, r.byte(), false);
  return { id, requestDigest, outcome, ...(stream !== undefined && { stream }) };
}

export function callersBytes(callers: readonly CallerSnapshot[]): number {
  let bytes = 8;
  for (const { client, owner, calls } of callers) {
    bytes += 16 + client.length + (owner?.length ?? 0);
    for (const { outcome, stream } of calls) bytes += (stream === undefined ? 16 : 48) + outcomeBytes(outcome);
  }
  return bytes;
}

/** Encodes a caller that stands by itself, for a call that travels as an RPC. */
export function encodeCaller(caller: NestedCaller): Uint8Array {
  writer.begin(Kind.caller, callerBytes(caller));
  writeCaller(writer, caller);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodeCaller(bytes: Uint8Array): NestedCaller {
  reader.openAs(Kind.caller, bytes);
  const caller = readCaller(reader);
  reader.close();
  return ownerless(caller);
}
