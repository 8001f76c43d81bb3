import { malformed } from './failure.js';

/** Field 1, length-delimited: `message Frame { bytes frame = 1; }`. */
const FRAME_TAG = 0x0a;
/** Tag and the longest length: lengths are below 2^35. */
export const ENVELOPE_MAX_BYTES = 6;

const slabs = new WeakSet<object>();

/**
 * Marks memory that is written once and never again: frames encoded into it keep their envelope in front of them, so
 * that `wrapFrame` need not copy.
 */
export function registerSlab(slab: Buffer): void {
  slabs.add(slab.buffer);
}

/** Memory for a frame of a known length, to be written once. */
export function allocateFrame(length: number): Buffer {
  const slab = Buffer.allocUnsafeSlow(ENVELOPE_MAX_BYTES + length);
  registerSlab(slab);
  writeEnvelopeBefore(slab, ENVELOPE_MAX_BYTES, slab.length);
  return slab.subarray(ENVELOPE_MAX_BYTES);
}

/** Writes the envelope of the frame at [start, end) so that it ends at `start`, where the room must be. */
export function writeEnvelopeBefore(buffer: Buffer, start: number, end: number): void {
  const length = end - start;
  writeEnvelope(buffer, start - envelopeBytes(length), length);
}

/**
 * What travels on a gRPC stream for a frame: an encoded protobuf message `Frame { bytes frame = 1; }`. Does not copy
 * what the encoders of this package returned; the result then shares memory with `bytes`.
 */
export function wrapFrame(bytes: Uint8Array): Buffer {
  const size = envelopeBytes(bytes.length);
  if (isWrapped(bytes, size)) return Buffer.from(bytes.buffer, bytes.byteOffset - size, size + bytes.length);
  const message = Buffer.allocUnsafe(size + bytes.length);
  writeEnvelope(message, 0, bytes.length);
  message.set(bytes, size);
  return message;
}

/**
 * The frame in an encoded `Frame`, without a copy.
 *
 * @throws UnderstudyError UNDERSTUDY_MALFORMED for anything but exactly one field 1
 */
export function unwrapFrame(message: Buffer): Uint8Array {
  if (message[0] !== FRAME_TAG) malformed('not a Frame message');
  let length = 0;
  let scale = 1;
  let at = 1;
  for (;;) {
    const byte = message[at];
    if (byte === undefined || at === ENVELOPE_MAX_BYTES) malformed('Frame message with a bad length');
    at++;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 0x80;
  }
  if (at + length !== message.length) malformed('Frame message whose length is not that of its frame');
  if (at !== envelopeBytes(length)) malformed('Frame message whose length is written too long');
  return message.subarray(at);
}

/** Only slabs are looked at: bytes in front of other memory could change before the message is sent. */
function isWrapped(bytes: Uint8Array, size: number): boolean {
  const start = bytes.byteOffset - size;
  if (start < 0 || !slabs.has(bytes.buffer)) return false;
  const envelope = new Uint8Array(bytes.buffer, start, size);
  let rest = bytes.length;
  if (envelope[0] !== FRAME_TAG) return false;
  for (let i = 1; i < size; i++) {
    if (envelope[i] !== (i < size - 1 ? (rest % 0x80) | 0x80 : rest)) return false;
    rest = Math.floor(rest / 0x80);
  }
  return true;
}

function envelopeBytes(length: number): number {
  let size = 2;
  for (let rest = length; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

function writeEnvelope(target: Buffer, at: number, length: number): void {
  target[at] = FRAME_TAG;
  let rest = length;
  let i = at + 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) target[i++] = (rest % 0x80) | 0x80;
  target[i] = rest;
}
