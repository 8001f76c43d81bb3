/** Shows messages to interceptors, and finds the bytes of the messages that they pass on. */
import { UnderstudyError } from '@understudy/core';
import type { Deserialize, Serialize } from '../capture/captured.js';

/** The functions between a message and its bytes that the method's registration gave. */
export interface Codec {
  readonly path: string;
  readonly serialize: Serialize | undefined;
  readonly deserialize: Deserialize | undefined;
}

/** A message as interceptors see it, with the bytes from which it was made. */
export interface Shown {
  readonly bytes: Uint8Array;
  readonly message: unknown;
}

/**
 * Makes the message that interceptors see. It is made of a copy, since deserializers hand out views of their input and
 * interceptors may write into them. Without a deserializer they see the bytes.
 *
 * @throws what the deserializer throws
 */
export function show(bytes: Uint8Array, deserialize: Deserialize | undefined): Shown {
  const copy = Buffer.from(bytes);
  return { bytes, message: deserialize === undefined ? copy : deserialize(copy) };
}

/**
 * The bytes of a message that interceptors passed on: the original ones, unless they changed the message in place or
 * replaced it.
 *
 * @throws UnderstudyError UNDERSTUDY_UNSUPPORTED if the message cannot be turned into bytes
 */
export function bytesPassedOn(shown: Shown, passed: unknown, codec: Codec): Uint8Array {
  if (codec.serialize === undefined || codec.deserialize === undefined) return withoutCodec(shown, passed, codec);
  const bytes = serialized(codec.serialize, passed, codec.path);
  if (same(bytes, shown.bytes)) return shown.bytes;
  // An equal message may have other bytes by another encoder, so this compares with the bytes of an untouched copy.
  const untouched = serialized(codec.serialize, show(shown.bytes, codec.deserialize).message, codec.path);
  return same(bytes, untouched) ? shown.bytes : bytes;
}

/** Without both halves of the codec a change in place cannot be seen, and is lost on all replicas alike. */
function withoutCodec(shown: Shown, passed: unknown, codec: Codec): Uint8Array {
  if (passed === shown.message) return shown.bytes;
  if (codec.serialize !== undefined) return serialized(codec.serialize, passed, codec.path);
  throw new UnderstudyError(
    'UNDERSTUDY_UNSUPPORTED',
    `an interceptor replaced the request of ${codec.path}, which was registered without its definition; use addService`,
  );
}

function serialized(serialize: Serialize, message: unknown, path: string): Buffer {
  let bytes: unknown;
  try {
    bytes = serialize(message);
  } catch (cause) {
    throw unserializable(path, cause);
  }
  if (!Buffer.isBuffer(bytes)) throw unserializable(path, undefined);
  return ArrayBuffer.isView(message) ? Buffer.from(bytes) : bytes;
}

const unserializable = (path: string, cause: unknown): UnderstudyError =>
  new UnderstudyError(
    'UNDERSTUDY_UNSUPPORTED',
    `an interceptor passed on a message of ${path} that cannot be serialized; pass on one of the method's type`,
    {
      cause,
    },
  );

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
