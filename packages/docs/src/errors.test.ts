import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode } from '@understudy/core';
import { describe, expect, it } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '../errors.md'), 'utf8');

/** gRPC's names of the statuses that the codes have. */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  15: 'DATA_LOSS',
};

/** The section of each code, without its heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .filter((section) => section.startsWith('UNDERSTUDY_'))
    .map((section): [string, string] => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), section.slice(end)];
    }),
);

describe('errors.md', () => {
  it('has a section for each code that there is, and for no other', () => {
    expect([...sections.keys()].sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });

  it('names no code that there is not', () => {
    const named = new Set(page.match(/UNDERSTUDY_[A-Z_]+/g));
    expect([...named].filter((code) => !Object.hasOwn(ERROR_CODES, code))).toEqual([]);
  });

  for (const [code, section] of sections) {
    it(`says of ${code} its status, its effect, what it means, and what everybody does`, () => {
      const { status, mayHaveTakenEffect } = ERROR_CODES[code as ErrorCode];
      const effect = mayHaveTakenEffect ? 'may have taken effect' : 'took no effect';
      const [, facts, meaning, advice] = section.split('\n\n');
      expect(facts).toBe(`\`${STATUS_NAMES[status]}\` · ${effect}`);
      expect(meaning).toMatch(/^[A-Z`].*\.$/s);
      expect(advice?.match(/^- \*\*\w+:\*\*/gm)).toEqual(['- **Callers:**', '- **Operators:**', '- **Programmers:**']);
    });
  }
});
