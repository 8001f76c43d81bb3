import { describe, expect, test } from 'vitest';
import { BASE_LAG_MAX, keptForBase, whyNoneJoins } from './base.js';
import type { ReplicaState } from './replica-state.js';

/** What base.ts asks of a replica: a stream is open, the base is at order 10, and the log reaches from there to `last`. */
function withStream(last: number): ReplicaState {
  return {
    openStreams: 1,
    hadStreams: true,
    checkpoint: { orderNum: 10 },
    order: { last, entries: { base: 10 } },
    timers: { raw: 0 },
    role: { trusts: () => true },
    log() {},
  } as unknown as ReplicaState;
}

describe('whether replicas can join while a stream is open', () => {
  test('they can from a copy that is older than the stream, as long as the log since is kept', () => {
    const r = withStream(10 + BASE_LAG_MAX);
    expect(keptForBase(r, r.order.last)).toBe(10);
    expect(whyNoneJoins(r)).toBeUndefined();
  });

  test('with one order more the copy is dropped, and the primary says that none can join', () => {
    const r = withStream(10 + BASE_LAG_MAX + 1);
    expect(keptForBase(r, r.order.last)).toBe(r.order.last);
    expect(whyNoneJoins(r)).toMatch(/^no replica can join, because streams have been open for more than 32768 orders/);
  });

  test('they can again once no stream is open', () => {
    const r = withStream(10 + BASE_LAG_MAX + 1);
    keptForBase(r, r.order.last);
    expect(whyNoneJoins({ ...r, openStreams: 0 } as unknown as ReplicaState)).toBeUndefined();
  });
});
