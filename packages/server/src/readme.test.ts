import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnderstudyError } from '@understudy/core';
import { parseServiceConfig } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const configOf = (settings: object) =>
  parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'bank', ...settings } }] });
/** The fields that a service config may have. The unreplicated services come from the server's options. */
const fields = () => Object.entries(configOf({})).filter(([field]) => field !== 'unreplicated');

/** The rows of the table of the service config's fields, cell by cell, as text without markup. */
const section = readme.slice(readme.indexOf('## Service config'), readme.indexOf('An entry of `methods`'));
const rows = [...section.matchAll(/^\| `(\w+)` \|[^|]*\| ([^|]*) \| ([^|]*) \|$/gm)].map(
  ([, field = '', allowed = '', otherwise = '']) => ({
    field,
    allowed: allowed.replaceAll('`', ''),
    otherwise: otherwise.replaceAll('`', ''),
  }),
);
const number = (text: string): number => Number(text.replaceAll(',', ''));

describe('the service config in the README', () => {
  it('has every field', () => {
    expect(rows.map(({ field }) => field).sort()).toEqual(
      fields()
        .map(([field]) => field)
        .sort(),
    );
  });

  it('names the defaults', () => {
    const config = fields().filter(
      ([field]) => !['group', 'methods', 'budgets', 'weights', 'priorityKey', 'stateDigestEvery'].includes(field),
    );
    const documented = rows.map(({ field, otherwise }) => [field, otherwise === '3 × leaseMs' ? '600' : otherwise]);
    const said = new Map(documented.map(([field = '', text = '']) => [field, text]));
    expect(config.map(([field, value]) => [field, `${value}`])).toEqual(
      config.map(([field, value]) => [
        field,
        typeof value === 'number' ? `${number(said.get(field) ?? '')}` : said.get(field),
      ]),
    );
  });

  it('names the default budgets', () => {
    const documented = [...readme.matchAll(/^\| `(\w+Bytes)` \|[^|]*\| ([\d,]+) \|$/gm)];
    const budgets = documented.map(([, field = '', bytes = '']) => [field, number(bytes)]);
    expect(Object.fromEntries(budgets)).toEqual(configOf({}).budgets);
  });

  it('names the largest numbers that are allowed', () => {
    for (const { field, allowed } of rows) {
      const max = / to ([\d,]+)$/.exec(allowed)?.[1];
      if (max === undefined) continue;
      const others = field === 'sessionMs' ? { sessionExpiryMs: number(max) } : {};
      expect(() => configOf({ ...others, [field]: number(max) })).not.toThrow();
      expect(() => configOf({ ...others, [field]: number(max) + 1 })).toThrow(UnderstudyError);
    }
  });
});
