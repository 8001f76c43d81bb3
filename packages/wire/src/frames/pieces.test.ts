import type { ConnectionId, OrderNum, PeerFrame, ReplyFrame, SeqNum, SessionFrame } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import {
  connectionOf,
  encodePeerFrame,
  encodeReplyFrame,
  encodeSessionFrame,
  peerFramePieces,
  replyFramePieces,
  sessionFramePieces,
} from '../index.js';
import { peerFrames, replyFrames, secret, sessionFrames } from '../testing/samples.js';

const LARGE = Buffer.alloc(300_000, 'large');
const request = { method: '/a.B/C', message: LARGE, metadata: [['user', 'x']] as const };

/** The first sample of a kind. */
function sample<F extends { readonly kind: string }, K extends F['kind']>(frames: readonly F[], kind: K) {
  const found = frames.find((frame) => frame.kind === kind);
  if (found === undefined) throw new Error(`no sample of ${kind}`);
  return found as Extract<F, { readonly kind: K }>;
}

const multicast: SessionFrame = {
  ...sample(sessionFrames, 'multicast'),
  ...{ requests: [{ seqNum: 900 as SeqNum, request, awaitStable: true }], coming: [901 as SeqNum] },
};
const replies: ReplyFrame = {
  ...sample(replyFrames, 'replies'),
  replies: [
    {
      seqNum: 900 as SeqNum,
      outcome: { kind: 'reply', code: 0, details: '', message: LARGE },
      stable: false,
      orderNum: 7 as OrderNum,
    },
  ],
};
const bodies: PeerFrame = {
  kind: 'bodies',
  bodies: [900, 901].map((seqNum) => ({
    ...{ connection: connectionOf(secret) as ConnectionId, seqNum: seqNum as SeqNum, request },
  })),
};

describe('a frame in pieces', () => {
  it.each([
    ['multicast', sessionFramePieces(multicast, secret), encodeSessionFrame(multicast, secret)],
    ['replies', replyFramePieces(replies), encodeReplyFrame(replies)],
    ['bodies', peerFramePieces(bodies), encodePeerFrame(bodies)],
  ])('has the bytes of its encoding, and its large message is not copied: %s', (_, pieces, whole) => {
    expect(Buffer.compare(Buffer.concat(pieces as readonly Uint8Array[]), whole)).toBe(0);
    expect((pieces as readonly Uint8Array[]).some((piece) => piece.buffer === LARGE.buffer)).toBe(true);
  });

  it('has the bytes of its encoding when nothing in it is large', () => {
    const concat = (pieces: unknown): Buffer => Buffer.concat(pieces as readonly Uint8Array[]);
    for (const frame of sessionFrames)
      expect(concat(sessionFramePieces(frame, secret)).equals(encodeSessionFrame(frame, secret))).toBe(true);
    for (const frame of replyFrames) expect(concat(replyFramePieces(frame)).equals(encodeReplyFrame(frame))).toBe(true);
    for (const frame of peerFrames) expect(concat(peerFramePieces(frame)).equals(encodePeerFrame(frame))).toBe(true);
  });

  it('leaves later encodings whole', () => {
    sessionFramePieces(multicast, secret);
    expect(encodeSessionFrame(multicast, secret).length).toBeGreaterThan(LARGE.length);
  });
});
