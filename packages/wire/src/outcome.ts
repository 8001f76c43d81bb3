import type { Outcome } from '@understudy/core/internal';
import { malformed } from './failure.js';
import { Kind } from './layout.js';
import { metadataBytes, readMetadata, writeMetadata } from './metadata.js';
import { type Draft, reader, writer } from './parts.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

const NOT_OK = 0b1;
const HAS_DETAILS = 0b10;
const HAS_INITIAL_METADATA = 0b100;
const HAS_MESSAGE = 0b1000;
const HAS_TRAILERS = 0b10000;
const ALL_FLAGS = 0b11111;
/** A flag that belongs to whoever carries the outcome. */
export const CARRIER_FLAG = 0b100000;

/** @param carrierFlag `CARRIER_FLAG` or 0 */
export function writeOutcome(w: Writer, outcome: Outcome, carrierFlag: number): void {
  const { code, details, initialMetadata, message, trailers } = outcome;
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
 * @param flags the byte that comes first, already read
 * @param carried whether the carrier uses its flag
 */
export function readOutcome(r: Reader, flags: number, carried: boolean): Outcome {
  if (flags > (carried ? ALL_FLAGS | CARRIER_FLAG : ALL_FLAGS)) malformed(`unknown flags ${flags} of an outcome`);
  const code = flags & NOT_OK ? r.signed() : 0;
  if (code === 0 && flags & NOT_OK) malformed('status OK written out');
  const details = flags & HAS_DETAILS ? r.string() : '';
  if (details === '' && flags & HAS_DETAILS) malformed('empty details written out');
  const outcome: Draft<Outcome> = { code, details };
  if (flags & HAS_INITIAL_METADATA) outcome.initialMetadata = readMetadata(r);
  if (flags & HAS_MESSAGE) outcome.message = r.bytes();
  if (flags & HAS_TRAILERS) outcome.trailers = readMetadata(r);
  return outcome;
}

/** About as many bytes as `writeOutcome` needs. */
export function outcomeBytes(outcome: Outcome): number {
  return (
    8 +
    outcome.details.length +
    (outcome.message === undefined ? 0 : outcome.message.length) +
    (outcome.initialMetadata === undefined ? 0 : metadataBytes(outcome.initialMetadata)) +
    (outcome.trailers === undefined ? 0 : metadataBytes(outcome.trailers))
  );
}

/** An outcome by itself. */
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
