import { describe, expect, it } from 'vitest';
import { Counter } from './counter.js';
import { CounterService, PAYLOAD_BYTES } from './proto.js';

describe('the measured service', () => {
  it('has requests and replies of 100 bytes, whatever the counter has reached', () => {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    const add = CounterService.Add;
    expect(add?.requestSerialize({ amount: 1, payload })).toHaveLength(100);
    expect(add?.responseSerialize({ total: 1, payload })).toHaveLength(100);
    expect(add?.responseSerialize({ total: 0xffff_ffff, payload })).toHaveLength(100);
  });

  it('goes on from a checkpoint with the same total', () => {
    const counter = new Counter();
    counter.add(0xffff_ffff);
    const other = new Counter();
    other.restore(counter.checkpoint());
    expect(other.add(0)).toBe(0xffff_ffff);
    expect(other.add(2)).toBe(1);
  });
});
