/** The outcome of a message: a reply with everything that its caller is sent, or an outcome that is no reply. */
import type { Outcome, Reply, StreamEnd } from '@understudy/core/internal';
import type { Draft } from '../bytes/draft.js';
import { malformed } from '../bytes/failure.js';
import { Kind } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { metadataBytes, readMetadata, writeMetadata } from './metadata.js';

/**
 * An outcome that is not a reply has a kind and nothing else. It is written as an index of this list. Never reorder it.
 */
const BARE_KINDS = ['voided', 'abandoned', 'accepted', 'streamed', 'unknownStream', 'waits'] as const;
const BARE: readonly Outcome[] = BARE_KINDS.map((kind) => Object.freeze({ kind }));

const NOT_OK = 0b1;
const HAS_DETAILS = 0b10;
const HAS_INITIAL_METADATA = 0b100;
const HAS_MESSAGE = 0b1000;
const HAS_TRAILERS = 0b10000;
const ALL_FLAGS = 0b11111;
/** A flag that the carrier of the outcome may use. */
export const CARRIER_FLAG = 0b100000;
/** Marks an outcome that is not a reply. The lower bits, which are a reply's flags, then hold the index of the kind. */
const IS_BARE = 0b1000000;

/** The kind of an outcome as a number: 0 for a reply, otherwise one more than its index. */
export const outcomeKindByte = (kind: Outcome['kind']): number => (kind === 'reply' ? 0 : BARE_KINDS.indexOf(kind) + 1);

export const outcomeKindOf = (byte: number): Outcome['kind'] =>
  byte === 0 ? 'reply' : (BARE_KINDS[byte - 1] ?? malformed(`unknown kind ${byte} of an outcome`));

/** @param carrierFlag `CARRIER_FLAG` or 0 */
export function writeOutcome(w: Writer, outcome: Outcome, carrierFlag: number): void {
  if (outcome.kind === 'reply') writeReply(w, outcome, carrierFlag);
  else w.byte(carrierFlag | IS_BARE | BARE_KINDS.indexOf(outcome.kind));
}

export function writeReply(w: Writer, reply: Reply, carrierFlag: number): void {
  const { code, details, initialMetadata, message, trailers } = reply;
  w.byte(
    carrierFlag |
      (code === 0 ? 0 : NOT_OK) |
      (details === '' ? 0 : HAS_DETAILS) |
      (initialMetadata === undefined ? 0 : HAS_INITIAL_METADATA) |
      (message === undefined ? 0 : HAS_MESSAGE) |
      (trailers === undefined ? 0 : HAS_TRAILERS),
  );
  if (code !== 0) w.signed(code);
  if (details !== '') w.string(details);
  if (initialMetadata !== undefined) writeMetadata(w, initialMetadata);
  if (message !== undefined) w.bytes(message);
  if (trailers !== undefined) writeMetadata(w, trailers);
}

/**
 * @param flags the first byte, which the caller has read
 * @param carried whether the carrier uses its flag
 */
export function readOutcome(r: Reader, flags: number, carried: boolean): Outcome {
  if (flags & CARRIER_FLAG && !carried) malformed(`unknown flags ${flags} of an outcome`);
  const own = flags & ~CARRIER_FLAG;
  if (own < IS_BARE) return readReplyAfter(r, own);
  return BARE[own - IS_BARE] ?? malformed(`unknown flags ${flags} of an outcome`);
}

/** How a stream ended: a reply, or `unknownStream` if the group does not know the stream. Refuses other outcomes. */
export function readStreamEnd(r: Reader): StreamEnd {
  const end = readOutcome(r, r.byte(), false);
  return end.kind === 'reply' || end.kind === 'unknownStream' ? end : malformed(`a stream cannot end as ${end.kind}`);
}

/** Refuses an outcome that is not a reply. */
export function readReply(r: Reader): Reply {
  const outcome = readOutcome(r, r.byte(), false);
  return outcome.kind === 'reply' ? outcome : malformed(`${outcome.kind} in place of a reply`);
}

function readReplyAfter(r: Reader, flags: number): Reply {
  if (flags > ALL_FLAGS) malformed(`unknown flags ${flags} of an outcome`);
  const code = flags & NOT_OK ? r.signed() : 0;
  if (code === 0 && flags & NOT_OK) malformed('status OK written out');
  const details = flags & HAS_DETAILS ? r.string() : '';
  if (details === '' && flags & HAS_DETAILS) malformed('empty details written out');
  const reply: Draft<Reply> = { kind: 'reply', code, details };
  if (flags & HAS_INITIAL_METADATA) reply.initialMetadata = readMetadata(r);
  if (flags & HAS_MESSAGE) reply.message = r.bytes();
  if (flags & HAS_TRAILERS) reply.trailers = readMetadata(r);
  return reply;
}

/** About as many bytes as `writeOutcome` needs. */
export function outcomeBytes(outcome: Outcome): number {
  if (outcome.kind !== 'reply') return 1;
  return (
    8 +
    outcome.details.length +
    (outcome.message === undefined ? 0 : outcome.message.length) +
    (outcome.initialMetadata === undefined ? 0 : metadataBytes(outcome.initialMetadata)) +
    (outcome.trailers === undefined ? 0 : metadataBytes(outcome.trailers))
  );
}

/** Encodes an outcome that stands by itself. */
export function encodeOutcome(outcome: Outcome): Uint8Array {
  writer.begin(Kind.outcome, outcomeBytes(outcome));
  writeOutcome(writer, outcome, 0);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodeOutcome(bytes: Uint8Array): Outcome {
  reader.openAs(Kind.outcome, bytes);
  const outcome = readOutcome(reader, reader.byte(), false);
  reader.close();
  return outcome;
}
