import { describe, expect, it } from 'vitest';
import { pairedRatios, spreadOf } from './statistics.js';

describe('spreadOf', () => {
  it('takes the middle one of an odd number of values, in whatever order they come', () => {
    expect(spreadOf([10, 2, 9])).toEqual({ median: 9, min: 2, max: 10 });
  });

  it('takes the mean of the two middle ones of an even number of values', () => {
    expect(spreadOf([1, 4, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
  });

  it('leaves its argument unchanged', () => {
    const values = [3, 1, 2];
    spreadOf(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('pairedRatios', () => {
  it('compares values within a round, so that a slow round does not change the result', () => {
    expect(pairedRatios([200, 20, 300], [100, 10, 100])).toEqual({ median: 2, min: 2, max: 3 });
  });
});
