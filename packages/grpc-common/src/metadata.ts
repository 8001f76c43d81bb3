/** Metadata and the entries that stand for it in requests and replies, one for one: nothing is joined or left out. */
import { Metadata } from '@grpc/grpc-js';
import type { MetadataEntries } from '@understudy/core/internal';
import { OWN_PREFIX } from './keys.js';

export type MetadataEntry = MetadataEntries[number];

/** Metadata without entries; shared, so that the common case costs nothing. */
export const NO_METADATA: MetadataEntries = Object.freeze([]);

/**
 * The entries of `metadata`, key by key, with the values of a key in their order. Binary values are copied: entries are
 * kept and sent again long after the handler has its `Buffer`s back.
 */
export function entriesOf(metadata: Metadata): MetadataEntries {
  const values = metadata.toJSON();
  const keys = Object.keys(values);
  if (keys.length === 0) return NO_METADATA;
  const entries: MetadataEntry[] = [];
  for (const key of keys) {
    for (const value of values[key] ?? []) entries.push([key, typeof value === 'string' ? value : Buffer.from(value)]);
  }
  return entries;
}

/** A fresh `Metadata`. Entries that gRPC cannot carry are left out, as grpc-js leaves out such headers. */
export function metadataOf(entries: MetadataEntries | undefined): Metadata {
  const metadata = new Metadata();
  if (entries === undefined) return metadata;
  for (const [key, value] of entries) {
    try {
      metadata.add(key, typeof value === 'string' ? value : Buffer.from(value));
    } catch {
      // Entries may come from a frame, so a bad one is bad input and not a defect of ours.
    }
  }
  return metadata;
}

/** The metadata of a call as its handler and interceptors see it: without keys of ours, which a client may have written. */
export const callMetadataOf = (entries: MetadataEntries | undefined): Metadata =>
  metadataOf(entries?.some(isOwn) === true ? entries.filter((entry) => !isOwn(entry)) : entries);

const isOwn = ([key]: MetadataEntry): boolean => key.startsWith(OWN_PREFIX);

/** Whether `value` can be used as metadata; decided by shape, since a program may hold several copies of grpc-js. */
export const isMetadata = (value: unknown): value is Metadata =>
  typeof value === 'object' && value !== null && 'toJSON' in value && 'toHttp2Headers' in value;

/** Whether both have the same keys and values in the same order. */
export function sameEntries(a: MetadataEntries, b: MetadataEntries): boolean {
  if (a.length !== b.length) return false;
  return a.every(([key, value], i) => {
    const other = b[i];
    return other !== undefined && other[0] === key && sameValue(value, other[1]);
  });
}

function sameValue(a: MetadataEntry[1], b: MetadataEntry[1]): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return Buffer.compare(a, b) === 0;
}
