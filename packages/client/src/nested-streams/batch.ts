/** Several messages of a stream as the bytes of one. */
import { assert } from '@understudy/core/internal';

const LENGTH_BYTES = 4;

/** How many messages of a stream travel together, and how many bytes. One message always may. */
export const BATCH_MAX = 64;
export const BATCH_MAX_BYTES = 256 * 1024;

export function encodeBatch(messages: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const message of messages) {
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32BE(message.length);
    parts.push(length, message);
  }
  return Buffer.concat(parts);
}

/** The messages, each a copy, because what a deserializer makes of it may be a view of its bytes. */
export function decodeBatch(bytes: Uint8Array | undefined): Buffer[] {
  if (bytes === undefined) return [];
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Buffer[] = [];
  for (let at = 0; at < whole.length; ) {
    const from = at + LENGTH_BYTES;
    at = from + whole.readUInt32BE(at);
    assert(at <= whole.length, () => `a batch of ${whole.length} bytes ends within a message`);
    messages.push(Buffer.from(whole.subarray(from, at)));
  }
  return messages;
}
