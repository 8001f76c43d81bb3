/**
 * Lists of orderInfo, the bulk of the traffic between replicas and clients: usually two bytes an order, and the digest
 * of its body.
 */
import type { OrderNum, Term } from '@understudy/core';
import {
  BODY_DIGEST_BYTES,
  type CallOrder,
  type CancelOrder,
  type ConnectionId,
  callOrderAt,
  type Determinants,
  determinantBytes,
  isMarked,
  type OrderInfo,
  type SeqNum,
  seqNumOf,
} from '@understudy/core/internal';
import type { Draft } from '../bytes/draft.js';
import { malformed } from '../bytes/failure.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';
import { outcomeBytes, readOutcome, readReply, writeOutcome, writeReply } from './outcome.js';

const KINDS: readonly OrderInfo['kind'][] = ['call', 'void', 'expire', 'abandon', 'cancel'];
const KIND_MASK = 0b111;
/** Flags of a call. */
const HAS_PEER = 0b1000;
const HAS_CHANGE = 0b10000;
const HAS_ITEM_DIGESTS = 0b100000;
/** Flag of a cancellation. */
const HAS_END = 0b1000;
/** Flag of a call and of a cancellation. */
const IS_CAREFUL = 0b1000000;
/** Flag of any order. */
const DIGESTS_STATE = 0b10000000;

/** The low bits of an entry's head. The others are the index of its connection. */
const HEAD_BITS = 2;
const HAS_FLAGS = 0b01;
/** The entry's time differs from that of the entry before. */
const HAS_TIME = 0b10;

/** Connection and seqNum take at least a byte each. */
const ORDER_MIN_BYTES = 2;
const ORDER_USUAL_BYTES = 4;

/**
 * Writes a list of orderInfo as runs. A run has one term and consecutive orderNums and names both once, so that an
 * entry is only the index of a connection, the difference of its seqNum to the last one on that connection (two bytes,
 * as a rule), and the digest of a body.
 * An order that was not given within the same millisecond as the one before has the difference between the two times as
 * well.
 */
export function writeOrders(w: Writer, orders: readonly OrderInfo[]): void {
  let term = 0;
  let orderNum = 0;
  let timeMs = 0;
  for (let from = 0; from < orders.length; ) {
    const first = orders[from] as OrderInfo;
    const length = runLength(orders, from);
    w.varint(length);
    w.offsetFrom(term, first.term);
    w.after(orderNum, first.orderNum);
    for (let i = from; i < from + length; i++) {
      const order = orders[i] as OrderInfo;
      writeOrder(w, order, timeMs);
      timeMs = order.timeMs;
    }
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
  let timeMs = 0;
  for (let length = r.count(ORDER_MIN_BYTES); length > 0; length = r.count(ORDER_MIN_BYTES)) {
    const previousTerm = term;
    const previousOrderNum = orderNum;
    term = r.offsetFrom(term);
    orderNum = r.after(orderNum);
    if (orders.length > 0 && term === previousTerm && orderNum === previousOrderNum + 1)
      malformed('a run of orders written in two parts');
    if (orderNum + (length - 1) > Number.MAX_SAFE_INTEGER) malformed('an orderNum is above 2^53-1');
    for (let i = 0; i < length; i++) {
      const order = readOrder(r, term as Term, (orderNum + i) as OrderNum, timeMs);
      orders.push(order);
      timeMs = order.timeMs;
    }
    orderNum += length - 1;
  }
  return orders;
}

/** About as many bytes as `writeOrders` needs. */
export function ordersBytes(orders: readonly OrderInfo[]): number {
  let bytes = 24;
  for (const order of orders) {
    bytes += ORDER_USUAL_BYTES;
    if (order.kind === 'call') bytes += BODY_DIGEST_BYTES + (order.peer?.length ?? 0) + 8 + 2 * determinantBytes(order);
    else if (order.kind === 'void') bytes += outcomeBytes(order.outcome);
    else if (order.kind === 'cancel' && order.end !== undefined) bytes += 8 + outcomeBytes(order.end.status);
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

function writeOrder(w: Writer, order: OrderInfo, previousMs: number): void {
  const flags = flagsOf(order);
  const seqNum = seqNumOf(order);
  const { timeMs } = order;
  const head = (flags === 0 ? 0 : HAS_FLAGS) | (timeMs === previousMs ? 0 : HAS_TIME);
  const connection = w.connection(order.connection, HEAD_BITS, head);
  if (flags !== 0) w.byte(flags);
  if (timeMs !== previousMs) w.offsetFrom(previousMs, timeMs);
  w.after(w.connections.lastSeq(connection), seqNum);
  w.connections.setLastSeq(connection, seqNum);
  switch (order.kind) {
    case 'call':
      w.bodyDigest(order.body);
      if (order.peer !== undefined) w.string(order.peer);
      if (order.determinants !== undefined) writeDeterminants(w, order.determinants);
      return;
    case 'void':
      writeOutcome(w, order.outcome, 0);
      return;
    case 'cancel':
      if (order.end === undefined) return;
      w.varint(order.end.after);
      writeReply(w, order.end.status, 0);
      return;
    case 'expire':
    case 'abandon':
  }
}

function writeDeterminants(w: Writer, determinants: Determinants): void {
  if (determinants.kind === 'change') {
    w.bytes(determinants.change);
    return;
  }
  w.varint(determinants.digests.length);
  // One more than the digest, because 0 stands for a digest that is not known.
  for (const digest of determinants.digests) w.varint(digest === undefined ? 0 : digest + 1);
}

function flagsOf(order: OrderInfo): number {
  const kind = KINDS.indexOf(order.kind) | (order.digestsState === true ? DIGESTS_STATE : 0);
  const careful = isMarked(order) ? IS_CAREFUL : 0;
  if (order.kind === 'cancel') return kind | careful | (order.end === undefined ? 0 : HAS_END);
  if (order.kind !== 'call') return kind;
  const { peer, determinants } = order;
  return (
    kind |
    careful |
    (peer === undefined ? 0 : HAS_PEER) |
    (determinants?.kind === 'change' ? HAS_CHANGE : 0) |
    (determinants?.kind === 'itemDigests' ? HAS_ITEM_DIGESTS : 0)
  );
}

function readOrder(r: Reader, term: Term, orderNum: OrderNum, previousMs: number): OrderInfo {
  const head = r.varint();
  const index = Math.floor(head / 2 ** HEAD_BITS);
  const connection = r.connection(index);
  const flags = head & HAS_FLAGS ? r.byte() : 0;
  if (flags === 0 && head & HAS_FLAGS) malformed('an order has a byte of flags that are all off');
  const timeMs = head & HAS_TIME ? r.offsetFrom(previousMs) : previousMs;
  if (head & HAS_TIME && timeMs === previousMs) malformed('an order repeats the time of the one before');
  const seqNum = r.after(r.connections.lastSeq(index)) as SeqNum;
  r.connections.setLastSeq(index, seqNum);
  if (flags === 0)
    return callOrderAt(term, orderNum, timeMs, { kind: 'call', connection, seqNum, body: r.bodyDigest() });
  const place = { term, orderNum, timeMs, connection };
  const digestsState = (flags & DIGESTS_STATE) !== 0;
  return readRest(r, digestsState ? { ...place, digestsState } : place, flags & ~DIGESTS_STATE, seqNum);
}

interface Place {
  readonly term: Term;
  readonly orderNum: OrderNum;
  readonly timeMs: number;
  readonly connection: ConnectionId;
  readonly digestsState?: true;
}

function readRest(r: Reader, place: Place, flags: number, seqNum: SeqNum): OrderInfo {
  const kind = KINDS[flags & KIND_MASK] ?? malformed('unknown kind of an order');
  const more = flags & ~KIND_MASK;
  if (kind !== 'call' && (more & ~(kind === 'cancel' ? HAS_END | IS_CAREFUL : 0)) !== 0) {
    malformed(`unknown flags ${flags} of an order`);
  }
  switch (kind) {
    case 'call':
      return readCall(r, place, flags, seqNum);
    case 'void':
      return { ...place, kind, seqNum, outcome: readOutcome(r, r.byte(), false) };
    case 'expire':
      if (seqNum !== 0) malformed(`the end of a connection has the seqNum ${seqNum}`);
      return { ...place, kind };
    case 'abandon':
      return { ...place, kind, seqNum };
    case 'cancel': {
      const order: Draft<CancelOrder> = { ...place, kind, stream: seqNum };
      if (more & HAS_END) {
        const after = r.varint();
        order.end = { status: readReply(r), after };
      }
      if (more & IS_CAREFUL) order.careful = true;
      return order;
    }
  }
}

function readCall(r: Reader, place: Place, flags: number, seqNum: SeqNum): CallOrder {
  if (flags & HAS_CHANGE && flags & HAS_ITEM_DIGESTS) malformed('an order has two kinds of determinants');
  const { term, orderNum, timeMs, connection, digestsState } = place;
  const body = r.bodyDigest();
  const peer = flags & HAS_PEER ? r.string() : undefined;
  let determinants: Determinants | undefined;
  if (flags & HAS_CHANGE) determinants = { kind: 'change', change: r.bytes() };
  if (flags & HAS_ITEM_DIGESTS) determinants = { kind: 'itemDigests', digests: readDigests(r) };
  const careful = flags & IS_CAREFUL ? true : undefined;
  const call = { kind: 'call', connection, seqNum, body, peer, determinants, careful, digestsState } as const;
  return callOrderAt(term, orderNum, timeMs, call);
}

function readDigests(r: Reader): (number | undefined)[] {
  const digests: (number | undefined)[] = [];
  for (let left = r.count(1); left > 0; left--) {
    const written = r.varint();
    if (written > 2 ** 32) malformed('digest of more than 32 bits');
    digests.push(written === 0 ? undefined : written - 1);
  }
  return digests;
}
