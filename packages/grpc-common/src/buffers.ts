/** Small helpers for messages that stay bytes. */

/** The same memory as a `Buffer`, which is what grpc-js wants. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The serializer and deserializer of methods whose messages pass through grpc-js as bytes. */
export const identity = (bytes: Buffer): Buffer => bytes;
