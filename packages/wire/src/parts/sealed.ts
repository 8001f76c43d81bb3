/** Announcements as clients carry them, and the encoding of what is in their boxes. */
import type { OrderNum, Term } from '@understudy/core';
import type { OrderInfo, SealedOrders } from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import { Kind } from '../bytes/layout.js';
import type { Reader } from '../bytes/reader.js';
import { reader, writer } from '../bytes/shared.js';
import type { Writer } from '../bytes/writer.js';
import { ordersBytes, readOrders, writeOrders } from './order-list.js';

/** Term, first place, number and length take at least a byte each. */
const SEALED_MIN_BYTES = 4;
const SEALED_FIXED_BYTES = 24;

export function writeSealed(w: Writer, sealed: readonly SealedOrders[]): void {
  w.varint(sealed.length);
  for (const { term, first, last, box } of sealed) {
    w.varint(term);
    w.varint(first);
    w.varint(last - first);
    w.bytes(box);
  }
}

export function readSealed(r: Reader): SealedOrders[] {
  const sealed: SealedOrders[] = [];
  for (let left = r.count(SEALED_MIN_BYTES); left > 0; left--) {
    const term = r.varint() as Term;
    const first = r.varint() as OrderNum;
    const last = (first + r.varint()) as OrderNum;
    if (last > Number.MAX_SAFE_INTEGER) malformed('an orderNum is above 2^53-1');
    // A copy, since a client keeps the box for longer than the frame that it came in.
    sealed.push({ term, first, last, box: Buffer.from(r.bytes()) });
  }
  return sealed;
}

/** About as many bytes as `writeSealed` needs. */
export function sealedBytes(sealed: readonly SealedOrders[]): number {
  return sealed.reduce((sum, { box }) => sum + SEALED_FIXED_BYTES + box.length, 8);
}

/** Encodes the content of a box, before it is encrypted. */
export function encodeOrders(orders: readonly OrderInfo[]): Uint8Array {
  writer.begin(Kind.orders, ordersBytes(orders));
  writeOrders(writer, orders);
  return writer.finish();
}

/** @throws UnderstudyError UNDERSTUDY_MALFORMED */
export function decodeOrders(bytes: Uint8Array): OrderInfo[] {
  reader.openAs(Kind.orders, bytes);
  const orders = readOrders(reader);
  reader.close();
  return orders;
}
