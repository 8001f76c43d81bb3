/** The protobuf message in which a frame, or a part of one, travels over a link. */
import { malformed } from '../bytes/failure.js';
import { ENVELOPE_MAX_BYTES, envelopeBytes, FRAME_TAG, isInSlab, writeEnvelope } from '../bytes/slab.js';

/**
 * Wraps a frame for a link, as the encoded protobuf message `Frame { bytes frame = 1; }`. A frame that an
 * encoder of this package returned is not copied; the result then shares its memory.
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
 * Takes the frame out of an encoded `Frame`, without a copy.
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

/** Whether an envelope stands in front of `bytes`. Memory other than a slab could change before the message is sent. */
function isWrapped(bytes: Uint8Array, size: number): boolean {
  const start = bytes.byteOffset - size;
  if (start < 0 || !isInSlab(bytes)) return false;
  const envelope = new Uint8Array(bytes.buffer, start, size);
  let rest = bytes.length;
  if (envelope[0] !== FRAME_TAG) return false;
  for (let i = 1; i < size; i++) {
    if (envelope[i] !== (i < size - 1 ? (rest % 0x80) | 0x80 : rest)) return false;
    rest = Math.floor(rest / 0x80);
  }
  return true;
}
