/** Digests by which replicas compare the answers of their handlers. */
import type { MetadataEntries, Outcome, StreamItem } from '@understudy/core/internal';
import { hash32 } from './hash.js';

const ABSENT = Buffer.from('absent');
const PRESENT = Buffer.from('present');
/** The seed for an outcome that is not a reply, so that its digest differs from that of every reply. */
const BARE = 5;

/**
 * A digest of every part of an outcome. Equal outcomes have equal digests, whether metadata values are texts or bytes
 * and whatever kind of view holds the bytes.
 *
 * @returns an unsigned 32-bit integer
 */
export function outcomeDigest(outcome: Outcome): number {
  if (outcome.kind !== 'reply') return hash32(Buffer.from(outcome.kind), BARE);
  let digest = hash32(Buffer.from(`${outcome.code} ${outcome.details}`));
  digest = metadataDigest(outcome.initialMetadata, digest);
  digest = outcome.message === undefined ? hash32(ABSENT, digest) : hash32(outcome.message, hash32(PRESENT, digest));
  return metadataDigest(outcome.trailers, digest);
}

/**
 * A digest of an item that a handler sent on a stream.
 *
 * @returns an unsigned 32-bit integer
 */
export function itemDigest(item: StreamItem): number {
  switch (item.kind) {
    case 'metadata':
      return metadataDigest(item.entries, 1);
    case 'message':
      return hash32(item.message, 2);
    case 'window':
      return hash32(Buffer.from(`${item.upTo}`), 3);
    default:
      return hash32(Buffer.from(`${outcomeDigest(item.outcome)}`), 4);
  }
}

function metadataDigest(entries: MetadataEntries | undefined, seed: number): number {
  if (entries === undefined) return hash32(ABSENT, seed);
  let digest = hash32(Buffer.from(`${entries.length}`), seed);
  for (const [key, value] of entries) {
    digest = hash32(Buffer.from(key), digest);
    digest = hash32(typeof value === 'string' ? Buffer.from(value) : value, digest);
  }
  return digest;
}
