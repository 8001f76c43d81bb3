import type { OrderNum, Term } from '@understudy/core';
import type { OrderInfo, OrderKind, SeqNum } from '@understudy/core/internal';
import { malformed } from './failure.js';
import { outcomeBytes, readOutcome, writeOutcome } from './outcome.js';
import type { Draft } from './parts.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

const KINDS: readonly OrderKind[] = ['call', 'void', 'expire', 'abandon', 'cancel'];
const KIND_MASK = 0b111;
const HAS_PEER = 0b1000;
const HAS_DETERMINANTS = 0b10000;
const HAS_OUTCOME = 0b100000;
const ALL_FLAGS = 0b111111;

/** Head and seqNum: a byte each at least. */
const ORDER_MIN_BYTES = 2;
const ORDER_USUAL_BYTES = 4;

/**
 * Writes a list of orderInfo as runs: entries of one term with consecutive orderNums name both once. Then an entry is
 * a connection's index and the difference of its seqNum to the last on that connection: two bytes, as a rule.
 */
export function writeOrders(w: Writer, orders: readonly OrderInfo[]): void {
  let term = 0;
  let orderNum = 0;
  for (let from = 0; from < orders.length; ) {
    const first = orders[from] as OrderInfo;
    const length = runLength(orders, from);
    w.varint(length);
    w.offsetFrom(term, first.term);
    w.after(orderNum, first.orderNum);
    for (let i = from; i < from + length; i++) writeOrder(w, orders[i] as OrderInfo);
    term = first.term;
    orderNum = first.orderNum + length - 1;
    from += length;
  }
  w.varint(0);
}

export function readOrders(r: Reader): OrderInfo[] {
  const orders: OrderInfo[] = [];
  let term = 0;
  let orderNum = 0;
  for (let length = r.count(ORDER_MIN_BYTES); length > 0; length = r.count(ORDER_MIN_BYTES)) {
    const previousTerm = term;
    const previousOrderNum = orderNum;
    term = r.offsetFrom(term);
    orderNum = r.after(orderNum);
    if (orders.length > 0 && term === previousTerm && orderNum === previousOrderNum + 1)
      malformed('a run in two parts');
    if (orderNum + (length - 1) > Number.MAX_SAFE_INTEGER) malformed('orderNum above 2^53-1');
    for (let i = 0; i < length; i++) orders.push(readOrder(r, term as Term, (orderNum + i) as OrderNum));
    orderNum += length - 1;
  }
  return orders;
}

/** About as many bytes as `writeOrders` needs. */
export function ordersBytes(orders: readonly OrderInfo[]): number {
  let bytes = 16;
  for (const order of orders) {
    bytes += ORDER_USUAL_BYTES;
    if (order.peer !== undefined) bytes += order.peer.length;
    if (order.determinants !== undefined) bytes += 4 + order.determinants.length;
    if (order.outcome !== undefined) bytes += outcomeBytes(order.outcome);
  }
  return bytes;
}

function runLength(orders: readonly OrderInfo[], from: number): number {
  const { term, orderNum } = orders[from] as OrderInfo;
  let length = 1;
  for (let i = from + 1; i < orders.length; i++, length++) {
    const order = orders[i] as OrderInfo;
    if (order.term !== term || order.orderNum !== orderNum + length) break;
  }
  return length;
}

function writeOrder(w: Writer, order: OrderInfo): void {
  const flags = flagsOf(order);
  const connection = w.connection(order.connection, 1, flags === 0 ? 0 : 1);
  if (flags !== 0) w.byte(flags);
  w.after(w.connections.lastSeq(connection), order.seqNum);
  w.connections.setLastSeq(connection, order.seqNum);
  if (flags === 0) return;
  if (order.peer !== undefined) w.string(order.peer);
  if (order.determinants !== undefined) w.bytes(order.determinants);
  if (order.outcome !== undefined) writeOutcome(w, order.outcome, 0);
}

function flagsOf(order: OrderInfo): number {
  return (
    (order.kind === 'call' ? 0 : KINDS.indexOf(order.kind)) |
    (order.peer === undefined ? 0 : HAS_PEER) |
    (order.determinants === undefined ? 0 : HAS_DETERMINANTS) |
    (order.outcome === undefined ? 0 : HAS_OUTCOME)
  );
}

function readOrder(r: Reader, term: Term, orderNum: OrderNum): OrderInfo {
  const head = r.varint();
  const index = Math.floor(head / 2);
  const connection = r.connection(index);
  const flags = head % 2 === 0 ? 0 : r.flags(ALL_FLAGS);
  if (flags === 0 && head % 2 === 1) malformed('order with flags, all of them off');
  const seqNum = r.after(r.connections.lastSeq(index)) as SeqNum;
  r.connections.setLastSeq(index, seqNum);
  const kind = KINDS[flags & KIND_MASK] ?? malformed('unknown kind of an order');
  const order: Draft<OrderInfo> = { term, orderNum, connection, seqNum, kind };
  if (flags > KIND_MASK) {
    if (flags & HAS_PEER) order.peer = r.string();
    if (flags & HAS_DETERMINANTS) order.determinants = r.bytes();
    if (flags & HAS_OUTCOME) order.outcome = readOutcome(r, r.byte(), false);
  }
  return order;
}
