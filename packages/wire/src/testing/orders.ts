/** Arbitrary orderInfo: single orders of every kind, and the runs that a primary issues. */
import type { OrderNum, Term } from '@understudy/core';
import {
  type CallOrder,
  type CancelOrder,
  callOrderAt,
  type Determinants,
  type OrderInfo,
  type SeqNum,
} from '@understudy/core/internal';
import * as fc from 'fast-check';
import { outcome, reply } from './outcomes.js';
import {
  bodyDigest,
  bytes,
  connectionId,
  count,
  list,
  maybe,
  orderNum,
  REQUIRED,
  seqNum,
  term,
  text,
  withOptional,
} from './values.js';

const timeMs = count;
const place = { term, orderNum, timeMs, connection: connectionId };
const determinants: fc.Arbitrary<Determinants> = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), change: bytes }, REQUIRED),
  fc.record({ kind: fc.constant('itemDigests' as const), digests: list(maybe(fc.nat(0xffffffff))) }, REQUIRED),
);

const callOrder = withOptional<
  { [K in 'term' | 'orderNum' | 'timeMs' | 'connection' | 'seqNum' | 'kind' | 'body']: CallOrder[K] },
  { peer: string; determinants: Determinants; careful: true }
>(
  { ...place, seqNum, kind: fc.constant('call' as const), body: bodyDigest },
  { peer: text, determinants, careful: fc.constant(true as const) },
);
const cancelOrder = withOptional<
  { [K in 'term' | 'orderNum' | 'timeMs' | 'connection' | 'stream' | 'kind']: CancelOrder[K] },
  { end: NonNullable<CancelOrder['end']>; careful: true }
>(
  { ...place, stream: seqNum, kind: fc.constant('cancel' as const) },
  { end: fc.record({ status: reply, after: count }, REQUIRED), careful: fc.constant(true as const) },
);

const anyOrder: fc.Arbitrary<OrderInfo> = fc.oneof(
  { weight: 3, arbitrary: callOrder },
  fc.record({ ...place, seqNum, kind: fc.constant('void' as const), outcome }, REQUIRED),
  fc.record({ ...place, kind: fc.constant('expire' as const) }, REQUIRED),
  fc.record({ ...place, seqNum, kind: fc.constant('abandon' as const) }, REQUIRED),
  cancelOrder,
);

/** Any order may follow a digest of the state. */
export const orderInfo: fc.Arbitrary<OrderInfo> = fc
  .tuple(anyOrder, fc.boolean())
  .map(([order, digestsState]) => withAllFields(digestsState ? { ...order, digestsState } : order));

const withAllFields = (order: OrderInfo): OrderInfo =>
  order.kind === 'call' ? callOrderAt(order.term, order.orderNum, order.timeMs, order) : order;

/**
 * Orders as a primary issues them: consecutive orderNums in one term, times that never go back, few connections,
 * seqNums that mostly grow by one.
 */
const run: fc.Arbitrary<OrderInfo[]> = fc
  .record({
    term: fc.nat(9),
    from: fc.nat(1000),
    step: fc.array(fc.tuple(connectionId, fc.nat(3), bodyDigest), { maxLength: 40 }),
  })
  .map(({ term, from, step }) =>
    step.map(([connection, gap, body], i) => {
      const timeMs = 1_764_000_000_000 + Math.floor(i / 3) * from;
      const call = { kind: 'call', connection, seqNum: (from + i + gap) as SeqNum, body } as const;
      return callOrderAt(term as Term, (from + i) as OrderNum, timeMs, call);
    }),
  );

export const orders: fc.Arbitrary<OrderInfo[]> = fc.oneof(
  run,
  list(orderInfo),
  fc.tuple(run, list(orderInfo, 3), run).map((parts) => parts.flat()),
);
