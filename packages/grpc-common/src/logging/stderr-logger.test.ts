import { afterEach, expect, it, vi } from 'vitest';
import { loggerOf } from './stderr-logger.js';

afterEach(() => vi.restoreAllMocks());

/** What is written to stderr while `work` runs. */
function written(work: () => void): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  work();
  return lines;
}

it('warnings and errors are each a line of JSON on stderr by default, and nothing else is', () => {
  const logger = loggerOf(undefined, { group: 'bank' });
  const lines = written(() => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger.log(level, 'it happens', { term: 1 });
  });
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    ['warn', 'error'].map((level) => ({
      time: expect.any(String),
      level,
      event: 'it happens',
      group: 'bank',
      term: 1,
    })),
  );
  for (const line of lines) expect(line).toMatch(/^\{.*\}\n$/);
});

it("'none' is silent, and the user's own logger gets everything", () => {
  const log = vi.fn();
  const lines = written(() => {
    loggerOf('none', {}).log('error', 'it happens', {});
    loggerOf({ log }, {}).log('debug', 'it happens', {});
  });
  expect(lines).toEqual([]);
  expect(log).toHaveBeenCalledWith('debug', 'it happens', {});
});
