import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadEnds } from './dead-ends.js';

const entry = fc.tuple(
  fc.tuple(fc.integer({ min: -4, max: 4 }), fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31))),
  fc.nat({ max: 2 }),
  fc.constantFrom<string | number>('a', 'b', 1, '1'),
);

describe('the table of dead ends', () => {
  it('holds exactly the entries that were added, even after it has grown', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 20, maxLength: 300 }), fc.array(entry), (added, others) => {
        const table = new DeadEnds(2);
        const expected = new Set<string>();
        for (const [placed, inRow, key] of added) {
          table.add(Int32Array.from(placed), inRow, key);
          expected.add(JSON.stringify([placed, inRow, key]));
        }
        expect(table.size).toBe(expected.size);
        for (const [placed, inRow, key] of [...added, ...others]) {
          const isExpected = expected.has(JSON.stringify([placed, inRow, key]));
          expect(table.has(Int32Array.from(placed), inRow, key)).toBe(isExpected);
        }
      }),
    );
  });
});
