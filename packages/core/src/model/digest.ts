/** Digests with which replicas compare their histories and tell requests apart. None is cryptographic. */

import {
  type BodyDigest,
  type ConnectionId,
  type ConnectionKind,
  connectionHex,
  connectionKind,
  type OrderNum,
  type SeqNum,
} from './ids.js';

/** The digest of a replica's user state after one order. */
export interface StateDigest {
  readonly orderNum: OrderNum;
  /** Over all bytes that the user's `checkpoint()` gave, as text; nobody finds other bytes with the same one. */
  readonly value: string;
}

/**
 * How a backup treats a difference between its state and the primary's: `ignore` compares nothing, `tell` logs the
 * difference, and `restore` also starts the backup anew from the primary's state.
 */
export type OnOtherState = 'ignore' | 'tell' | 'restore';

/** How long messages waited for the copy, not counting the time that other work of the process took. */
export interface CopyCost {
  readonly bytes: number;
  /** For how long messages waited for it, not counting what others did meanwhile. */
  readonly ms: number;
}

/** The digest before anything is processed. */
export const EMPTY_DIGEST = 0;

const LOW = 0x1_0000_0000;

/**
 * The digest after one more order: 52 bits over everything processed so far. Two replicas with equal digests at one
 * orderNum have, but for chance, processed the same messages with the same bodies in the same order with the same
 * outcomes.
 */
export function extendDigest(
  digest: number,
  orderNum: OrderNum,
  seqNum: SeqNum,
  connectionDigest: number,
  bodyWord: number,
  outcomeDigest: number,
): number {
  let low = (digest % LOW) | 0;
  let high = (digest / LOW) | 0;
  const add = (word: number) => {
    low = Math.imul(low ^ word, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ word ^ (low >>> 7), 0x85ebca6b);
    high ^= high >>> 13;
  };
  add(orderNum | 0);
  add(seqNum | 0);
  add(connectionDigest | 0);
  add(bodyWord | 0);
  add(outcomeDigest | 0);
  return (high & 0xfffff) * LOW + (low >>> 0);
}

/** A body's contribution to the digest: 32 bits of its own digest. */
export function bodyWord(body: BodyDigest): number {
  let word = 0;
  for (let i = 0; i < 8; i++) {
    const unit = body.charCodeAt(i);
    // '0' is 0x30, 'a' is 0x61.
    word = (word << 4) | (unit < 0x61 ? unit - 0x30 : unit - 0x57);
  }
  return word;
}

/** Extends a digest of 32 bits by a word. */
export function mixDigest(digest: number, word: number): number {
  let mixed = Math.imul(digest ^ word, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed + word, 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

const KIND_SEEDS: Readonly<Record<ConnectionKind, number>> = { session: 0, plain: 1, group: 2 };

/** A connection's contribution to the digest. Computed once for each connection. */
export function connectionDigest(connection: ConnectionId): number {
  const hex = connectionHex(connection);
  let hash = KIND_SEEDS[connectionKind(connection)];
  for (let i = 0; i < 32; i += 8) hash = Math.imul(hash, 31) + Number.parseInt(hex.slice(i, i + 8), 16);
  return hash | 0;
}

export const digestToHex = (digest: number): string => digest.toString(16).padStart(13, '0');

/** FNV-1a over a method and a message; tells apart requests under one idempotency key. */
export function requestDigest(method: string, message: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < method.length; i++) hash = Math.imul(hash ^ method.charCodeAt(i), 0x01000193);
  for (let i = 0; i < message.length; i++) hash = Math.imul(hash ^ (message[i] as number), 0x01000193);
  return hash >>> 0;
}
