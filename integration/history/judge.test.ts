import { describe, expect, it } from 'vitest';
import type { Operation } from '../../packages/examples/dist/bank/operation.js';
import type { Books } from '../../packages/workshop/dist/demo/drive/collect.js';
import type { CallEnd, Called } from '../../packages/workshop/dist/load/messages.js';
import { judge } from './judge.js';

const deposit = (id: number, amountCents = 10): Operation => ({
  kind: 'deposit',
  id,
  account: 'ada',
  to: '',
  amountCents,
});
const answered = (sequence: number, balanceCents: number): CallEnd => ({
  kind: 'answered',
  sequence,
  balanceCents,
  toBalanceCents: 0,
});
const UNKNOWN: CallEnd = { kind: 'unknown', code: 14, details: 'gone' };
const NONE: CallEnd = { kind: 'none', code: 10, details: 'refused' };

/** One after the other, each by a caller of its own. */
const called = (...calls: readonly (readonly [Operation, CallEnd])[]): Called[] =>
  calls.map(([operation, end], i) => ({
    kind: 'called',
    caller: i,
    operation,
    invokedAtMs: 10 * i,
    endedAtMs: 10 * i + 5,
    end,
  }));

function books(...history: number[]): Books {
  const audit = { operations: 0, refused: 0, orderDigest: '', depositedCents: 0, withdrawnCents: 0, accounts: 0 };
  return { audit, history, balances: [] };
}

/** A history in which eight calls overlap at any time, and one of five hundred has an unknown outcome. */
const overlapping = (count: number): Called[] =>
  Array.from({ length: count }, (_, index) => {
    const id = index + 1;
    const start = Math.floor(id / 8) * 10;
    return {
      kind: 'called',
      caller: id % 8,
      operation: deposit(id),
      invokedAtMs: start + (id % 3),
      endedAtMs: start + 12,
      end: id % 500 === 0 ? UNKNOWN : answered(id, 10 * id),
    };
  });

describe('the judge of a history', () => {
  it('accepts the history of a bank, with unknown outcomes in the places that no answer names', () => {
    const calls = called(
      [deposit(1), answered(1, 10)],
      [deposit(2), UNKNOWN],
      [deposit(3), NONE],
      [deposit(4), answered(3, 30)],
    );
    expect(judge(calls, books(1, 2, 4))).toMatchObject({ violations: [], answered: 2, unknown: 1, none: 1 });
  });

  it('accepts a call of unknown outcome that never took effect', () => {
    expect(judge(called([deposit(1), UNKNOWN], [deposit(2), answered(1, 10)]), books(2)).violations).toEqual([]);
  });

  it.each([
    ['lost', called([deposit(1), answered(1, 10)]), books(), 'operation 1 was answered and is lost'],
    ['doubled', called([deposit(1), answered(1, 10)]), books(1, 1), 'operation 1 took effect twice, at 1 and at 2'],
    ['moved', called([deposit(1), answered(1, 10)]), books(2, 1), 'operation 1 was told place 1, and is at 2'],
    ['there after all', called([deposit(1), NONE]), books(1), 'said to have had no effect'],
    [
      'read from a past that was over',
      called([deposit(1), answered(1, 10)], [{ kind: 'balance', id: 2, account: 'ada' }, answered(0, 0)]),
      books(1),
      'not linearizable|by none',
    ],
    [
      'answered by two histories',
      called([deposit(1), answered(1, 10)], [deposit(2), answered(1, 10)]),
      books(1, 2),
      'by none',
    ],
  ])('notices an operation that was %s', (_what, calls, then, says) => {
    expect(judge(calls, then).violations.join('\n')).toMatch(new RegExp(says));
  });

  it('has hardly more work with each call of a history that is ten times as long', () => {
    const stepsOf = (count: number): number => {
      const calls = overlapping(count);
      const { violations, steps } = judge(calls, books(...calls.map(({ operation }) => operation.id)));
      expect(violations).toEqual([]);
      return steps;
    };
    expect(stepsOf(10_000)).toBeLessThan(2 * 10 * stepsOf(1_000));
  });
});
