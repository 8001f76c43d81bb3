/** Arbitrary outcomes: replies, and the outcomes that are not a reply. */
import type { MetadataEntries, Outcome, Reply, StreamEnd } from '@understudy/core/internal';
import * as fc from 'fast-check';
import { bytes, metadata, REQUIRED, text, withOptional } from './values.js';

export const reply: fc.Arbitrary<Reply> = withOptional<
  Pick<Reply, 'kind' | 'code' | 'details'>,
  { initialMetadata: MetadataEntries; message: Uint8Array; trailers: MetadataEntries }
>(
  {
    kind: fc.constant('reply' as const),
    code: fc.oneof(fc.integer({ min: -3, max: 16 }), fc.maxSafeInteger()),
    details: fc.oneof(fc.constant(''), text),
  },
  { initialMetadata: metadata, message: bytes, trailers: metadata },
);

const bare = <K extends Exclude<Outcome['kind'], 'reply'>>(...kinds: K[]) =>
  fc.record({ kind: fc.constantFrom(...kinds) }, REQUIRED);
export const streamEnd: fc.Arbitrary<StreamEnd> = fc.oneof(reply, bare('unknownStream'));
export const outcomeKind = fc.constantFrom<Outcome['kind']>(
  'reply',
  'voided',
  'abandoned',
  'accepted',
  'streamed',
  'unknownStream',
  'waits',
);
export const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 4, arbitrary: reply },
  bare('voided', 'abandoned', 'accepted', 'streamed', 'unknownStream', 'waits') as fc.Arbitrary<Outcome>,
);
