import { Metadata } from '@grpc/grpc-js';
import type { MetadataEntries } from '@understudy/core/internal';

type Entry = readonly [key: string, value: string | Uint8Array];

/** Keys whose values grpc-js sets itself on the way, or takes out before a handler sees them. */
const OF_TRANSPORT: ReadonlySet<string> = new Set([
  'accept-encoding',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-previous-rpc-attempts',
  'grpc-timeout',
  'te',
  'user-agent',
]);
/** Keys of the library's own. */
const OURS = 'understudy-';
/** No field value of HTTP/2 (RFC 9113, 8.2.1): the other side never sees such a field. */
const PADDED = /^ | $/;

/**
 * A caller's metadata as it was when the call was made; undefined if there is none. It is what a handler gets of it over
 * an ordinary connection, so a primary that is sent it in an RPC and a backup that is sent it in a frame see the same.
 */
export function toEntries(metadata: Metadata): MetadataEntries | undefined {
  return entriesWithout(metadata, (key) => OF_TRANSPORT.has(key) || key.startsWith(':') || key.startsWith(OURS));
}

/** The metadata of a reply; undefined if there is none. */
export function replyEntries(metadata: Metadata): MetadataEntries | undefined {
  return entriesWithout(metadata, () => false);
}

function entriesWithout(metadata: Metadata, leftOut: (key: string) => boolean): MetadataEntries | undefined {
  const entries: Entry[] = [];
  const values = metadata.toJSON();
  for (const key in values) {
    if (leftOut(key)) continue;
    let text: string | undefined;
    for (const value of values[key] ?? []) {
      // The caller may use its buffer again.
      if (typeof value !== 'string') entries.push([key, Buffer.from(value)]);
      else if (!PADDED.test(value)) text = joined(text, value);
    }
    if (text !== undefined) entries.push([key, text]);
  }
  return entries.length === 0 ? undefined : entries;
}

/** A Metadata of its own for each call, since applications may change what they are given. */
export function fromEntries(entries: MetadataEntries | undefined): Metadata {
  const metadata = new Metadata();
  if (entries === undefined) return metadata;
  for (const [key, value] of entries) {
    if (typeof value !== 'string') metadata.add(key, asBuffer(value));
    else if (!PADDED.test(value)) metadata.set(key, joined(metadata.get(key)[0], value));
  }
  return metadata;
}

/** HTTP/2 as Node speaks it makes one value of several texts of a key; applications and handlers expect that. */
const joined = (before: string | Buffer | undefined, text: string): string =>
  before === undefined ? text : `${before}, ${text}`;

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
