/**
 * Memory for encodings, with room for the envelope that carries a frame over a link: the protobuf message
 * `Frame { bytes frame = 1; }`. The envelope is written in front of every encoding when the encoding is finished, so
 * that `wrapFrame` returns a wider view instead of a copy. A slab is written once and never again.
 */

/** Field 1, length-delimited. */
export const FRAME_TAG = 0x0a;
/** The tag and the longest length: lengths are below 2^35. */
export const ENVELOPE_MAX_BYTES = 6;

const slabs = new WeakSet<object>();

/** Marks memory as a slab: the bytes in front of each frame in it are that frame's envelope and will not change. */
export function registerSlab(slab: Buffer): void {
  slabs.add(slab.buffer);
}

/** Whether `bytes` lie in a slab. */
export const isInSlab = (bytes: Uint8Array): boolean => slabs.has(bytes.buffer);

/** Memory for a frame of a known length, with its envelope already written. The caller writes the frame once. */
export function allocateFrame(length: number): Buffer {
  const slab = Buffer.allocUnsafeSlow(ENVELOPE_MAX_BYTES + length);
  registerSlab(slab);
  writeEnvelopeBefore(slab, ENVELOPE_MAX_BYTES, slab.length);
  return slab.subarray(ENVELOPE_MAX_BYTES);
}

/** Writes the envelope of the frame at [start, end), so that it ends at `start`. The caller left room for it there. */
export function writeEnvelopeBefore(buffer: Buffer, start: number, end: number): void {
  const length = end - start;
  writeEnvelope(buffer, start - envelopeBytes(length), length);
}

/** How many bytes the envelope of a frame of `length` bytes has. */
export function envelopeBytes(length: number): number {
  let size = 2;
  for (let rest = length; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

export function writeEnvelope(target: Buffer, at: number, length: number): void {
  target[at] = FRAME_TAG;
  let rest = length;
  let i = at + 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) target[i++] = (rest % 0x80) | 0x80;
  target[i] = rest;
}
