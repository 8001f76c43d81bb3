import { describe, expect, it } from 'vitest';
import { JepsenLogError, parseJepsenLog } from './parse.js';

/** Makes the lines of a log. The fields, which a log separates by tabs, have spaces between them here. */
const log = (...lines: string[]) =>
  lines.map((line) => `INFO  jepsen.util - ${line.replace(/^(\S+) (\S+) (\S+) /, '$1\t$2\t$3\t')}\n`).join('');

const key = 'register';

describe('a log of Jepsen', () => {
  it('gives one operation for each answer, with line numbers as times', () => {
    const text = log(
      '0 :invoke :read nil',
      '1 :invoke :write 4',
      '0 :ok :read nil',
      '1 :ok :write 4',
      '0 :invoke :cas [4 2]',
      '0 :ok :cas [4 2]',
      '1 :invoke :read nil',
      '1 :ok :read 2',
    );
    expect(parseJepsenLog(text)).toEqual([
      { process: 0, input: { kind: 'get', key }, output: null, invokedAt: 1, completedAt: 3 },
      { process: 1, input: { kind: 'set', key, value: 4 }, output: true, invokedAt: 2, completedAt: 4 },
      { process: 0, input: { kind: 'cas', key, from: 4, to: 2 }, output: true, invokedAt: 5, completedAt: 6 },
      { process: 1, input: { kind: 'get', key }, output: 2, invokedAt: 7, completedAt: 8 },
    ]);
  });

  it('gives no operation for calls that failed, and an open one for calls that timed out or never ended', () => {
    const text = log(
      '0 :invoke :cas [1 2]',
      '0 :fail :cas [1 2]',
      '0 :invoke :write 3',
      '0 :info :write :timed-out',
      '5 :invoke :read nil',
    );
    const open = { output: undefined, completedAt: Number.POSITIVE_INFINITY };
    expect(parseJepsenLog(text)).toEqual([
      { process: 0, input: { kind: 'set', key, value: 3 }, invokedAt: 3, ...open },
      { process: 5, input: { kind: 'get', key }, invokedAt: 5, ...open },
    ]);
  });

  it.each([
    ['what is no operation', ['0 :invoke :read nil', '0 :ok'], /^line 2: not an operation/],
    ['a function that is not a register’s', ['0 :invoke :append 1'], /^line 1: not an operation/],
    ['an end without a call', ['3 :ok :read 1'], /^line 1: process 3 is in no :read/],
    ['the end of another function', ['0 :invoke :read nil', '0 :ok :write 1'], /^line 2: process 0 is in no :write/],
    ['a second call before the first ended', ['0 :invoke :read nil', '0 :invoke :read nil'], /^line 2: .* of line 1$/],
    ['a call of read with a value', ['0 :invoke :read 1'], /^line 1: a call of :read takes nil, not 1/],
    ['a value that is no number', ['0 :invoke :write four'], /^line 1: not a number: four/],
    ['a cas without two values', ['0 :invoke :cas 1'], /^line 1: :cas takes \[from to\], not 1/],
    ['an end with another value', ['0 :invoke :write 1', '0 :ok :write 2'], /^line 2: :write 1 of line 1 ends as 2/],
  ])('is refused, with the number of the line, for %s', (_, lines, message) => {
    const read = () => parseJepsenLog(log(...lines));
    expect(read).toThrow(JepsenLogError);
    expect(read).toThrow(message);
  });
});
