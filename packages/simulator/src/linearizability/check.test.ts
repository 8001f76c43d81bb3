import { describe, expect, it } from 'vitest';
import { checkLinearizable } from './check.js';
import { explain } from './explain.js';
import type { Model } from './model.js';
import { type RegisterInput, type RegisterOperation, type RegisterOutput, registerMap } from './models/register-map.js';

const get: RegisterInput = { kind: 'get', key: 'x' };
const set = (value: number, key = 'x'): RegisterInput => ({ kind: 'set', key, value });
const cas = (from: number, to: number): RegisterInput => ({ kind: 'cas', key: 'x', from, to });

let processes = 0;
/** A call from one time to another, by a client that makes no other call. */
function call(invokedAt: number, completedAt: number, input: RegisterInput, output: RegisterOutput): RegisterOperation {
  return { process: processes++, input, output, invokedAt, completedAt };
}
/** A call with an unknown outcome. */
function unknown(invokedAt: number, input: RegisterInput): RegisterOperation {
  return { process: processes++, input, output: undefined, invokedAt, completedAt: Number.POSITIVE_INFINITY };
}

const verdictOf = (...history: RegisterOperation[]) => checkLinearizable(registerMap, history).verdict;

describe('a history', () => {
  it('without operations is linearizable', () => {
    expect(verdictOf()).toBe('linearizable');
  });

  it('may list its operations in any order', () => {
    expect(verdictOf(call(3, 4, get, 1), call(1, 2, set(1), true))).toBe('linearizable');
  });

  it('with a stale read is not linearizable', () => {
    expect(verdictOf(call(1, 2, set(1), true), call(3, 4, set(2), true), call(5, 6, get, 1))).toBe('violated');
  });

  it('may have a read that overlaps a write see either value, but not the old one after the new one', () => {
    const write = [call(1, 2, set(1), true), call(3, 10, set(2), true)];
    expect(verdictOf(...write, call(4, 5, get, 1), call(6, 7, get, 2))).toBe('linearizable');
    expect(verdictOf(...write, call(4, 5, get, 2), call(6, 7, get, 1))).toBe('violated');
  });

  it('with a lost update, where two exchanges of one value both succeed, is not linearizable', () => {
    const first = call(1, 2, set(1), true);
    expect(verdictOf(first, call(3, 6, cas(1, 2), true), call(4, 7, cas(1, 3), true))).toBe('violated');
    expect(verdictOf(first, call(3, 6, cas(1, 2), true), call(4, 7, cas(1, 3), false))).toBe('linearizable');
  });

  it('may have an answer and a call at the same time, which count as concurrent', () => {
    expect(verdictOf(call(1, 2, get, 7), call(2, 3, set(7), true))).toBe('linearizable');
    expect(verdictOf(call(1, 2, get, 7), call(2.1, 3, set(7), true))).toBe('violated');
  });

  it('is judged separately for each key', () => {
    expect(verdictOf(call(1, 2, set(1), true), call(3, 4, set(2, 'y'), true), call(5, 6, get, 1))).toBe('linearizable');
  });

  it('has the effect of every completed operation, even of one without a known output', () => {
    const write: RegisterOperation = { process: 0, input: set(1), output: undefined, invokedAt: 1, completedAt: 2 };
    expect(verdictOf(write, call(3, 4, get, 1))).toBe('linearizable');
    expect(verdictOf(write, call(3, 4, get, null))).toBe('violated');
  });
});

describe('a call of unknown outcome', () => {
  const first = call(1, 2, set(1), true);
  const lost = unknown(3, set(2));

  it('need not take effect', () => {
    expect(verdictOf(first, lost, call(5, 6, get, 1))).toBe('linearizable');
  });

  it('may take effect late', () => {
    expect(verdictOf(first, lost, call(5, 6, get, 1), call(7, 8, get, 2))).toBe('linearizable');
  });

  it('takes effect no earlier than it was called', () => {
    expect(verdictOf(first, call(1, 2.5, get, 2), lost)).toBe('violated');
  });

  it('takes effect once', () => {
    const again = call(7, 8, set(3), true);
    expect(verdictOf(first, lost, call(5, 6, get, 2), again, call(9, 10, get, 2))).toBe('violated');
    expect(verdictOf(first, lost, unknown(4, set(2)), call(5, 6, get, 2), again, call(9, 10, get, 2))).toBe(
      'linearizable',
    );
  });

  it('is left out of the resulting order if no answer needs it', () => {
    const result = checkLinearizable(registerMap, [first, lost]);
    expect(result).toEqual({ verdict: 'linearizable', steps: 1, linearizations: [[first]] });
  });

  it('may be one of several that must take effect in a row', () => {
    const chain = [1, 2, 3, 4, 5].map((value) => unknown(3, cas(value, value + 1)));
    expect(verdictOf(first, ...chain.reverse(), call(5, 6, get, 6))).toBe('linearizable');
    expect(verdictOf(first, ...chain, call(5, 6, get, 7))).toBe('violated');
  });
});

describe('the search', () => {
  it('takes one step for each operation if the order of the answers is a valid one', () => {
    const history = Array.from({ length: 30 }, (_, at) => call(2 * at, 2 * at + 3, set(at), true));
    expect(checkLinearizable(registerMap, history).steps).toBe(30);
  });

  it('takes few steps to find out which of many unknown writes took effect', () => {
    const lost = Array.from({ length: 40 }, (_, value) => unknown(value, set(value)));
    const reads = [31, 7, 25, 3, 38].map((value, at) => call(50 + 2 * at, 51 + 2 * at, get, value));
    const result = checkLinearizable(registerMap, [...lost, ...reads]);
    expect(result.verdict).toBe('linearizable');
    expect(result.steps).toBeLessThan(500);
  });

  it('ends undecided when its steps are used up', () => {
    const history = [call(1, 2, set(1), true), call(3, 4, get, 1)];
    expect(checkLinearizable(registerMap, history, { maxSteps: 1 })).toEqual({ verdict: 'undecided', steps: 1 });
    expect(checkLinearizable(registerMap, history, { maxSteps: 2 }).verdict).toBe('linearizable');
  });

  it('counts the steps of all its passes together', () => {
    const lost = Array.from({ length: 9 }, (_, value) => unknown(value, set(value)));
    const result = checkLinearizable(registerMap, [...lost, call(50, 51, get, 10)], { maxSteps: 500 });
    expect(result).toEqual({ verdict: 'undecided', steps: 500 });
  });

  it('reports a violation in one part even if another part used up its steps', () => {
    const long = Array.from({ length: 5 }, (_, at) => call(2 * at, 2 * at + 1, set(at, 'y'), true));
    const history = [...long, call(20, 21, get, 9)];
    expect(checkLinearizable(registerMap, history, { maxSteps: 2 }).verdict).toBe('violated');
  });

  it('works without a partition', () => {
    const { initial, step, key } = registerMap;
    const whole: Model<ReturnType<typeof initial>, RegisterInput, RegisterOutput> = { initial, step, key };
    const result = checkLinearizable(whole, [call(1, 2, set(1), true), call(3, 4, get, 1)]);
    expect(result.verdict).toBe('linearizable');
  });

  it('refuses operations with impossible times', () => {
    expect(() => verdictOf(call(2, 1, get, 1))).toThrow(/called at 2 and completes at 1/);
    expect(() => verdictOf(call(Number.NaN, 1, get, 1))).toThrow(RangeError);
    expect(() => verdictOf(call(1, Number.NaN, get, 1))).toThrow(RangeError);
    expect(() => verdictOf(call(1, Number.POSITIVE_INFINITY, get, 1))).toThrow(/has an output but never completes/);
  });
});

describe('the explanation of a violation', () => {
  const history = [
    { ...call(1, 2, set(1), true), process: 1 },
    { ...unknown(3, set(2)), process: 2 },
    { ...call(4, 5, get, 2), process: 3 },
    { ...call(6, 7, get, 1), process: 4 },
  ];

  it('shows the longest order and the answer that does not fit', () => {
    const result = checkLinearizable(registerMap, history);
    if (result.verdict !== 'violated') throw new Error(`is ${result.verdict}`);
    expect(explain(registerMap, result).split('\n')).toEqual([
      'not linearizable; every answer up to here is explained by this order:',
      '  1–2 client 1: set x = 1 → true',
      '  3– client 2: set x = 2 → unknown',
      '  4–5 client 3: get x → 2',
      'but with this answer too, by none:',
      '  6–7 client 4: get x → 1',
    ]);
  });

  it('shows inputs and outputs as JSON if the model does not describe them', () => {
    const { initial, step, key } = registerMap;
    const wordless = { initial, step, key };
    const result = checkLinearizable(wordless, history);
    if (result.verdict !== 'violated') throw new Error(`is ${result.verdict}`);
    const text = explain(wordless, result);
    expect(text).toContain('client 2: {"kind":"set","key":"x","value":2} → unknown');
    expect(text).toContain('client 4: {"kind":"get","key":"x"} → 1');
  });
});
