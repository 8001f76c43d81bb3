import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeBatch, encodeBatch } from './batch.js';

const CASES = 5_000;
const batch = fc.tuple(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), fc.nat({ max: 2 ** 31 - 1 }));

it('a batch has the messages that were put into it', () => {
  fc.assert(
    fc.property(batch, ([messages, upTo]) => {
      const decoded = decodeBatch(encodeBatch(messages, upTo));
      expect(decoded.upTo).toBe(upTo);
      expect(decoded.messages.map((each) => [...each])).toEqual(messages.map((each) => [...each]));
    }),
    { numRuns: CASES },
  );
});

it('a batch that is damaged is refused, or has no more messages and bytes than came', () => {
  const damaged = fc
    .tuple(batch, fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.nat(4))
    .map(([[messages, upTo], at, inserted, removed]) => {
      const bytes = encodeBatch(messages, upTo);
      const from = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, from), inserted, bytes.subarray(from + removed)]);
    });
  let refused = 0;
  fc.assert(
    fc.property(damaged, (bytes) => {
      let decoded: ReturnType<typeof decodeBatch>;
      try {
        decoded = decodeBatch(bytes);
      } catch {
        refused++;
        return;
      }
      expect(encodeBatch(decoded.messages, decoded.upTo)).toEqual(bytes);
    }),
    { numRuns: CASES },
  );
  expect(refused).toBeGreaterThan(0);
});
