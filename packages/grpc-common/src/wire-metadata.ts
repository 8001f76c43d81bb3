/**
 * Metadata as a connection would have carried it. A call that travels in a frame has no HTTP/2 fields of its own, so the
 * client does to its metadata what Node's HTTP/2 and grpc-js do to fields on their way.
 */
import { Metadata } from '@grpc/grpc-js';
import type { MetadataEntries } from '@understudy/core/internal';
import { asBuffer } from './buffers.js';
import { OWN_PREFIX } from './keys.js';
import type { MetadataEntry } from './metadata.js';

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
/**
 * Values with a space at either end, which HTTP/2 does not allow (RFC 9113, 8.2.1), so the other side never sees them.
 */
const PADDED = /^ | $/;

/**
 * The metadata of a request as it was when the call was made; undefined if there is none. It is the part that reaches a
 * handler over an ordinary connection. So the primary, which may get it in an RPC, and a backup, which gets it in a
 * frame, give their handlers the same.
 */
export function callerEntries(metadata: Metadata): MetadataEntries | undefined {
  return entriesWithout(metadata, (key) => OF_TRANSPORT.has(key) || key.startsWith(':') || key.startsWith(OWN_PREFIX));
}

/** The metadata of a reply; undefined if there is none. */
export function replyEntries(metadata: Metadata): MetadataEntries | undefined {
  return entriesWithout(metadata, () => false);
}

function entriesWithout(metadata: Metadata, leftOut: (key: string) => boolean): MetadataEntries | undefined {
  const entries: MetadataEntry[] = [];
  const values = metadata.toJSON();
  // Only own keys count: a key `__proto__` has become the prototype, and a bare client sends no header for it either.
  for (const key of Object.keys(values)) {
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

/**
 * A fresh `Metadata` for each call, since applications may change what they are given.
 *
 * @throws Error if grpc-js does not accept an entry
 */
export function carriedMetadata(entries: MetadataEntries | undefined): Metadata {
  const metadata = new Metadata();
  if (entries === undefined) return metadata;
  for (const [key, value] of entries) {
    if (typeof value !== 'string') metadata.add(key, asBuffer(value));
    else if (!PADDED.test(value)) metadata.set(key, joined(metadata.get(key)[0], value));
  }
  return metadata;
}

/** Node's HTTP/2 makes one value of several texts of a key; applications and handlers expect that. */
const joined = (before: string | Buffer | undefined, text: string): string =>
  before === undefined ? text : `${before}, ${text}`;
