/** Several messages of a stream as the bytes of one. */
import { assert } from '@understudy/core/internal';

const INDEX_BYTES = 6;
const LENGTH_BYTES = 4;

/**
 * How many messages of a stream, and how many bytes of them, travel together at most. A single message may be larger.
 */
export const BATCH_MAX = 64;
export const BATCH_MAX_BYTES = 256 * 1024;

/** Messages, and the index of the item at the callee that they reach up to. */
export interface Batch {
  readonly messages: Buffer[];
  readonly upTo: number;
}

export function encodeBatch(messages: readonly Uint8Array[], upTo: number): Buffer {
  const index = Buffer.allocUnsafe(INDEX_BYTES);
  index.writeUIntBE(upTo, 0, INDEX_BYTES);
  const parts: Uint8Array[] = [index];
  for (const message of messages) {
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32BE(message.length);
    parts.push(length, message);
  }
  return Buffer.concat(parts);
}

/** The messages, each a copy, because what a deserializer makes of it may be a view of its bytes. */
export function decodeBatch(bytes: Uint8Array | undefined): Batch {
  if (bytes === undefined) return { messages: [], upTo: 0 };
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Buffer[] = [];
  for (let at = INDEX_BYTES; at < whole.length; ) {
    const from = at + LENGTH_BYTES;
    at = from + whole.readUInt32BE(at);
    assert(at <= whole.length, () => `a batch of ${whole.length} bytes ends within a message`);
    messages.push(Buffer.from(whole.subarray(from, at)));
  }
  return { messages, upTo: whole.readUIntBE(0, INDEX_BYTES) };
}
