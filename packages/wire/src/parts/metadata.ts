/** gRPC metadata, in its order and with its repetitions. A frame writes out each key once. */
import type { MetadataEntries } from '@understudy/core/internal';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';

const TEXT = 0;
const BINARY = 1;

/** Key and value take at least a byte each. */
const ENTRY_MIN_BYTES = 2;

export function writeMetadata(w: Writer, entries: MetadataEntries): void {
  w.varint(entries.length);
  for (const [key, value] of entries) {
    if (typeof value === 'string') {
      w.name(key, 1, TEXT);
      w.string(value);
    } else {
      w.name(key, 1, BINARY);
      w.bytes(value);
    }
  }
}

export function readMetadata(r: Reader): MetadataEntries {
  const entries: [string, string | Uint8Array][] = [];
  for (let left = r.count(ENTRY_MIN_BYTES); left > 0; left--) {
    const head = r.varint();
    const key = r.name(Math.floor(head / 2));
    entries.push([key, head % 2 === BINARY ? r.bytes() : r.string()]);
  }
  return entries;
}

/** About as many bytes as `writeMetadata` needs. */
export function metadataBytes(entries: MetadataEntries): number {
  let bytes = 2;
  for (const [key, value] of entries) bytes += 6 + key.length + value.length;
  return bytes;
}
