/** The numbers that every encoding begins with, and the sizes that readers and writers share. */
import type { ConnectionKind } from '@understudy/core/internal';

/** First byte of every encoding. Its two top bits stay free, because they mark the parts of a chunked frame. */
export const VERSION = 2;

/**
 * Second byte of every encoding: what follows. No number stands for two things, so that a decoder can tell a frame
 * meant for another decoder from a damaged frame. Never reuse a number.
 */
export const Kind = {
  hello: 0x01,
  multicast: 0x02,
  collected: 0x03,
  goodbye: 0x04,
  backupReads: 0x05,

  welcome: 0x11,
  replies: 0x12,
  sessionNewTerm: 0x13,
  sessionNack: 0x14,
  refused: 0x15,
  settings: 0x16,
  backupAnswers: 0x17,

  announce: 0x21,
  ack: 0x22,
  nack: 0x23,
  bodies: 0x24,
  newTerm: 0x25,
  promise: 0x26,
  join: 0x27,
  checkpointFrame: 0x28,
  noCheckpoint: 0x29,
  piece: 0x2a,
  pieceAck: 0x2b,
  busy: 0x2c,
  busyHeard: 0x2d,

  rpcRequestHeader: 0x31,
  rpcReplyHeader: 0x32,

  peerHello: 0x41,
  outcome: 0x42,
  request: 0x43,
  caller: 0x45,
  orders: 0x46,
  peerChallenge: 0x47,
  peerProof: 0x48,
  peerBrings: 0x49,
} as const;

export type KindByte = (typeof Kind)[keyof typeof Kind];

export const ID_BYTES = 16;

/** A connection is written as the index of its kind in this list, then its 16 bytes. Never change the order. */
export const CONNECTION_KINDS: readonly ConnectionKind[] = ['session', 'plain', 'group'];
export const CONNECTION_BYTES = 1 + ID_BYTES;

/** Encoders and decoders refuse longer strings. The bound is well below what V8 can hold. */
export const STRING_MAX_BYTES = 64 * 1024 * 1024;
