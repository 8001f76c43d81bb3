import { Metadata } from '@grpc/grpc-js';
import type { MetadataEntries } from '@understudy/core';

type Entry = readonly [key: string, value: string | Uint8Array];

/** A caller's metadata as it was when the call was made; undefined if there is none. */
export function toEntries(metadata: Metadata): MetadataEntries | undefined {
  let entries: Entry[] | undefined;
  const values = metadata.toJSON();
  for (const key in values) {
    const all = values[key] ?? [];
    entries ??= [];
    // HTTP/2 as Node speaks it makes one value of several texts; a handler expects that.
    if (!key.endsWith('-bin')) entries.push([key, all.join(', ')]);
    // The caller may use its buffer again.
    else for (const value of all) entries.push([key, Buffer.from(value)]);
  }
  return entries;
}

/** A Metadata of its own for each call, since applications may change what they are given. */
export function fromEntries(entries: MetadataEntries | undefined): Metadata {
  const metadata = new Metadata();
  if (entries === undefined) return metadata;
  for (const [key, value] of entries) metadata.add(key, typeof value === 'string' ? value : asBuffer(value));
  return metadata;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
