import type { CapturedCodec } from '../capture/captured.js';

/**
 * Of a copy: deserializers hand out views of their input, and the body must stay as it is for a replay.
 *
 * @throws what the deserializer throws
 */
export const deserializeRequest = (codec: CapturedCodec, bytes: Uint8Array): unknown =>
  codec.requestDeserialize(Buffer.from(bytes));

/** The bytes of what a handler answered; undefined if there are none. */
export function serializeResponse(codec: CapturedCodec, value: unknown): Uint8Array | undefined {
  try {
    const bytes = codec.responseSerialize(value);
    if (!Buffer.isBuffer(bytes)) return undefined;
    // A handler that answers with bytes of its own may change them later; the reply that is kept must not change.
    return ArrayBuffer.isView(value) ? Buffer.from(bytes) : bytes;
  } catch {
    return undefined;
  }
}
