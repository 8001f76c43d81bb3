import vm from 'node:vm';
import { expect, it } from 'vitest';
import { errorOf, isError, messageOf } from './reasons.js';

it('an error of another global object is an error, as those of Node are in jest', () => {
  const foreign: unknown = vm.runInNewContext("new TypeError('from elsewhere')");
  expect(foreign).not.toBeInstanceOf(Error);
  expect(isError(foreign)).toBe(true);
  expect(messageOf(foreign)).toBe('from elsewhere');
  expect(errorOf(foreign)).toBe(foreign);
});

it('any other thrown value is shown as its text', () => {
  expect(['text', { message: 'no error' }, null].map(isError)).toEqual([false, false, false]);
  expect(messageOf('text')).toBe('text');
  expect(errorOf(7)).toEqual(new Error('7'));
});
