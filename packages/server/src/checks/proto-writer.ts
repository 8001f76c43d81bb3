const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Writes protobuf's encoding of a small message, field by field in ascending order; like proto3 it leaves out zeros.
 */
export class ProtoWriter {
  readonly #parts: Buffer[] = [];

  /** @param value a whole number from 0 to 2^53 - 1 */
  uint(field: number, value: number): this {
    if (value === 0) return this;
    this.#parts.push(varint(field * 8 + VARINT), varint(value));
    return this;
  }

  string(field: number, text: string | undefined): this {
    // An empty text is left out, because no reader here tells an empty text from an absent one.
    return text === undefined || text === '' ? this : this.bytes(field, Buffer.from(text));
  }

  /** Writes bytes or an encoded message. */
  bytes(field: number, value: Uint8Array): this {
    this.#parts.push(varint(field * 8 + LENGTH_DELIMITED), varint(value.length), Buffer.from(value));
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
