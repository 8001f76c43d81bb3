import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLinearizable } from './check.js';
import { bruteForce, isExplanation } from './testing/brute-force.js';
import { damagedHistories, linearizableHistories } from './testing/histories.js';
import { forEachService } from './testing/services.js';

const WITH_ALL_ANSWERS = Number.MAX_VALUE;

forEachService((model, service) => {
  describe(`the checker with the model of ${service.name}`, () => {
    it('finds an order that explains the answers, for calls that were executed one after the other', () => {
      const histories = linearizableHistories(service, 40);
      fc.assert(
        fc.property(histories, (history) => {
          const result = checkLinearizable(model, history);
          if (result.verdict !== 'linearizable') throw new Error(`is ${result.verdict}`);
          const answered = history.filter(({ completedAt }) => completedAt <= WITH_ALL_ANSWERS);
          for (const order of result.linearizations) {
            expect(isExplanation(service.start, order, [])).toBe(true);
          }
          const placed = new Set(result.linearizations.flat());
          expect(answered.every((operation) => placed.has(operation))).toBe(true);
          expect(placed.size).toBe(result.linearizations.flat().length);
        }),
        { numRuns: 300 },
      );
    });

    it('agrees with a brute-force search of all orders, even when an answer is falsified', () => {
      let violated = 0;
      const histories = fc.oneof(linearizableHistories(service, 6), damagedHistories(service, 6));
      fc.assert(
        fc.property(histories, (history) => {
          const { verdict } = checkLinearizable(model, history);
          if (verdict === 'violated') violated++;
          expect(verdict).toBe(bruteForce(service.start, history) ? 'linearizable' : 'violated');
        }),
        { numRuns: 1000 },
      );
      expect(violated).toBeGreaterThan(20);
    });

    it('shows, for a violation, the longest order and the first answer that no order explains', () => {
      let violated = 0;
      fc.assert(
        fc.property(damagedHistories(service, 6), (history) => {
          const result = checkLinearizable(model, history);
          if (result.verdict !== 'violated') return;
          violated++;
          const { prefix, unplaced } = result;
          const part =
            (model.partition?.(history) ?? [history]).find((operations) => operations.includes(unplaced)) ?? [];
          const earlier = part.filter(({ completedAt }) => completedAt < unplaced.completedAt);
          expect(isExplanation(service.start, prefix, earlier)).toBe(true);
          expect(bruteForce(service.start, part, unplaced.completedAt)).toBe(false);
        }),
        { numRuns: 600 },
      );
      expect(violated).toBeGreaterThan(20);
    });
  });
});
