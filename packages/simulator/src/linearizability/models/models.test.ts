import { describe, expect, it } from 'vitest';
import { checkLinearizable } from '../check.js';
import type { Model, Operation } from '../model.js';
import { type BankInput, type BankOperation, type BankOutput, bank } from './bank.js';
import { type ListInput, listAppend, type View, wholeList } from './list-append.js';
import { type RegisterInput, type RegisterOutput, registerMap } from './register-map.js';

/** Makes calls one after the other, in the given order. */
function inTurn<I, O>(...calls: readonly (readonly [I, O])[]): Operation<I, O>[] {
  return calls.map(([input, output], at) => ({
    process: 0,
    input,
    output,
    invokedAt: 2 * at,
    completedAt: 2 * at + 1,
  }));
}

const verdictOf = <S, I, O>(model: Model<S, I, O>, history: readonly Operation<I, O>[]) =>
  checkLinearizable(model, history).verdict;

describe('registers', () => {
  it('distinguish a number, a text and the absence of a value', () => {
    const keys = [null, 1, '1', 'none', '', 0].map(registerMap.key);
    expect(new Set(keys).size).toBe(keys.length);
    const history = inTurn<RegisterInput, RegisterOutput>(
      [{ kind: 'set', key: 'x', value: 1 }, true],
      [{ kind: 'get', key: 'x' }, '1'],
    );
    expect(verdictOf(registerMap, history)).toBe('violated');
  });
});

describe('lists', () => {
  const append = (value: string): ListInput<string> => ({ kind: 'append', key: 'a', value });
  const read: ListInput<string> = { kind: 'read', key: 'a' };
  const whole = listAppend(wholeList);

  it('show every append to later readers', () => {
    expect(verdictOf(whole, inTurn([append('x'), ['x']], [append('y'), ['x', 'y']], [read, ['x', 'y']]))).toBe(
      'linearizable',
    );
    expect(verdictOf(whole, inTurn([append('x'), ['x']], [append('y'), ['x', 'y']], [read, ['x']]))).toBe('violated');
  });

  it('forbid an append that takes effect twice', () => {
    expect(verdictOf(whole, inTurn([append('x'), ['x']], [read, ['x', 'x']]))).toBe('violated');
  });

  it('forbid that two readers see different orders', () => {
    const lost = (value: string) => ({
      process: 1,
      input: append(value),
      output: undefined,
      invokedAt: 0,
      completedAt: Number.POSITIVE_INFINITY,
    });
    const [x, y] = [lost('x'), lost('y')];
    expect(verdictOf(whole, [x, y, ...inTurn([read, ['x', 'y']])])).toBe('linearizable');
    expect(verdictOf(whole, [x, y, ...inTurn([read, ['x', 'y']], [read, ['y', 'x']])])).toBe('violated');
  });

  it('may show a digest instead of the whole list', () => {
    const digest: View<string, number> = {
      empty: 7,
      append: (seen, value) => (seen * 31 + value.charCodeAt(0)) % 1_000_003,
      same: (a, b) => a === b,
      key: (seen) => seen,
    };
    const x = digest.append(digest.empty, 'x');
    const xy = digest.append(x, 'y');
    const model = listAppend(digest);
    expect(verdictOf(model, inTurn([append('x'), x], [append('y'), xy], [read, xy]))).toBe('linearizable');
    expect(verdictOf(model, inTurn([append('x'), x], [append('y'), xy], [read, x]))).toBe('violated');
  });
});

describe('the bank', () => {
  const deposit = (account: string, amount: number): BankInput => ({ kind: 'deposit', account, amount });
  const transfer = (from: string, to: string, amount: number): BankInput => ({ kind: 'transfer', from, to, amount });
  const look = (account: string): BankInput => ({ kind: 'balance', account });
  const at = (balance: number): BankOutput => ({ kind: 'balance', balance });
  const moved = (ok: boolean, from: number, to: number): BankOutput => ({ kind: 'transfer', ok, from, to });
  const ten: [BankInput, BankOutput] = [deposit('ann', 10), at(10)];

  it('forbids a read between the two halves of a transfer', () => {
    const before = inTurn(ten);
    const during: BankOperation[] = [
      { process: 1, input: transfer('ann', 'bob', 4), output: moved(true, 6, 4), invokedAt: 2, completedAt: 9 },
      { process: 2, input: look('ann'), output: at(6), invokedAt: 3, completedAt: 4 },
    ];
    const seen = (balance: number): BankOperation => ({
      process: 2,
      input: look('bob'),
      output: at(balance),
      invokedAt: 5,
      completedAt: 6,
    });
    expect(verdictOf(bank, [...before, ...during, seen(4)])).toBe('linearizable');
    expect(verdictOf(bank, [...before, ...during, seen(0)])).toBe('violated');
  });

  it('refuses exactly the transfers of more than the balance', () => {
    expect(verdictOf(bank, inTurn(ten, [transfer('ann', 'bob', 11), moved(false, 10, 0)]))).toBe('linearizable');
    expect(verdictOf(bank, inTurn(ten, [transfer('ann', 'bob', 10), moved(false, 10, 0)]))).toBe('violated');
    expect(verdictOf(bank, inTurn(ten, [transfer('ann', 'bob', 11), moved(true, -1, 11)]))).toBe('violated');
  });

  it('moves no money in a transfer from an account to itself', () => {
    expect(verdictOf(bank, inTurn(ten, [transfer('ann', 'ann', 4), moved(true, 10, 10)]))).toBe('linearizable');
    expect(verdictOf(bank, inTurn(ten, [transfer('ann', 'ann', 11), moved(false, 10, 10)]))).toBe('linearizable');
  });

  it('forbids a deposit that takes effect twice', () => {
    expect(verdictOf(bank, inTurn(ten, [look('ann'), at(20)]))).toBe('violated');
  });

  it('gives equal states the same key, whatever calls led to them', () => {
    const { step, initial, key } = bank;
    const after = (...inputs: BankInput[]) =>
      key(inputs.reduce((state, input) => step(state, input, undefined) ?? state, initial()));
    expect(after(deposit('ann', 1), deposit('bob', 2))).toBe(after(deposit('bob', 2), deposit('ann', 1)));
    expect(after(deposit('ann', 1), transfer('ann', 'bob', 1))).toBe(after(deposit('bob', 1)));
    expect(after(deposit('ann', 1))).not.toBe(after(deposit('bob', 1)));
  });

  it('is split into parts by the accounts that transfers connect', () => {
    const history = inTurn<BankInput, BankOutput>(
      [deposit('cy', 1), at(1)],
      [transfer('ann', 'bob', 0), moved(true, 0, 0)],
      [deposit('dan', 1), at(1)],
      [look('ann'), at(0)],
      [transfer('bob', 'cy', 0), moved(true, 0, 1)],
    );
    const sizes = bank.partition?.(history).map((part) => part.length);
    expect(sizes).toEqual([4, 1]);
  });
});
