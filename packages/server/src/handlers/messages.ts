/** Turns bytes into messages for handlers, and their answers into bytes. */
import type { CapturedCodec } from '../capture/captured.js';

/**
 * Deserializes a copy of the bytes. Deserializers hand out views of their input, but the request must stay as it came
 * for a replay.
 *
 * @throws what the deserializer throws
 */
export const deserializeRequest = (codec: CapturedCodec, bytes: Uint8Array): unknown =>
  codec.requestDeserialize(Buffer.from(bytes));

/** The bytes of a handler's answer; undefined if the serializer made none. */
export function serializeResponse(codec: CapturedCodec, value: unknown): Uint8Array | undefined {
  try {
    const bytes = codec.responseSerialize(value);
    if (!Buffer.isBuffer(bytes)) return undefined;
    // A handler that answers with bytes of its own may change them later, but the reply that is kept must not change.
    return ArrayBuffer.isView(value) ? Buffer.from(bytes) : bytes;
  } catch {
    return undefined;
  }
}
