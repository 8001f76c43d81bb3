import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, linksOf, prose, slugOf } from './markdown.js';
import { allPages, type Page, ROOT } from './pages.js';

const pages = allPages();

/** Why a link leads nowhere; undefined if it leads somewhere, or out of the repository. */
function fault({ path, text }: Page, target: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [file = '', anchor] = target.split('#');
  if (file === '') return anchorsOf(text).has(anchor ?? '') ? undefined : 'there is no such heading';
  const found = join(ROOT, dirname(path), decodeURI(file));
  if (relative(ROOT, found).startsWith('..')) return 'leads out of the repository';
  if (!existsSync(found)) return 'there is no such file';
  if (anchor === undefined) return undefined;
  if (statSync(found).isDirectory() || !found.endsWith('.md')) return 'only pages have anchors';
  return anchorsOf(readFileSync(found, 'utf8')).has(anchor) ? undefined : 'there is no such heading';
}

describe('links', () => {
  it('of all pages lead to files and headings that exist', () => {
    const faults = pages.flatMap((page) =>
      linksOf(page.text)
        .map(({ target }) => ({ page: page.path, target, fault: fault(page, target) }))
        .filter((link) => link.fault !== undefined),
    );
    expect(faults).toEqual([]);
  });

  it('are checked on every page, also those in tables', () => {
    const links = new Map(pages.map(({ path, text }) => [path, linksOf(text).length]));
    expect(links.get('packages/docs/index.md')).toBeGreaterThan(20);
    expect(links.get('README.md')).toBeGreaterThan(25);
    expect(pages.length).toBeGreaterThan(40);
  });

  it('lead to every page of the documentation from its first one', () => {
    const index = pages.find(({ path }) => path === 'packages/docs/index.md');
    const linked = new Set(linksOf(index?.text ?? '').map(({ target }) => target));
    const own = pages.map(({ path }) => path.replace('packages/docs/', '')).filter((path) => !path.includes('/'));
    const documentation = own.filter((path) => existsSync(join(ROOT, 'packages/docs', path)) && path !== 'index.md');
    expect(documentation.filter((path) => !linked.has(path))).toEqual([]);
  });

  it('that lead nowhere are reported', () => {
    const page = { path: 'packages/docs/x.md', text: '# One\n' };
    expect(fault(page, 'nowhere.md')).toBe('there is no such file');
    expect(fault(page, '#two')).toBe('there is no such heading');
    expect(fault(page, 'start.md#nowhere')).toBe('there is no such heading');
    expect(fault(page, '../../../elsewhere.md')).toBe('leads out of the repository');
    expect(fault(page, '../server/src#x')).toBe('only pages have anchors');
    expect(fault(page, '#one')).toBeUndefined();
    expect(fault(page, 'https://example.com/nowhere')).toBeUndefined();
  });
});

describe('a source file that the table of changes in ARCHITECTURE.md names', () => {
  it('says at its head what it promises', () => {
    const page = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    const table = page.split('## Where to change what')[1]?.split('\n## ')[0] ?? '';
    const files = linksOf(table)
      .map(({ target }) => target)
      .filter((target) => target.endsWith('.ts') && !target.endsWith('.test.ts'));
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter((file) => !readFileSync(join(ROOT, file), 'utf8').startsWith('/**'))).toEqual([]);
  });
});

describe('a page', () => {
  const targets = (page: string): string[] => linksOf(page).map(({ target }) => target);

  it('has links in text, in tables, around code, and as references', () => {
    expect(targets('| [a](b.md) | [`c`](d.md#e) |\n\n[f]: g.md\n\n![h](i.png)')).toEqual([
      'b.md',
      'd.md#e',
      'i.png',
      'g.md',
    ]);
    expect(targets('[over two\nlines](a.md)')).toEqual(['a.md']);
  });

  it('has no links in its code', () => {
    expect(targets('`[a](b.md)` and ``[`c`](d.md)``\n\n```js\n[e](f.md)\n```\n')).toEqual([]);
  });

  it('has the links that follow a lone backtick', () => {
    expect(targets('a ` alone\n\n[b](c.md) `code`')).toEqual(['c.md']);
  });

  it('has the anchors of its headings, a repeated one with a number, none of code', () => {
    expect([...anchorsOf('# A b\n\n## A b\n\n```\n# c\n```\n\n### `d.e` and [f](g.md)\n')]).toEqual([
      'a-b',
      'a-b-1',
      'de-and-f',
    ]);
    expect(slugOf('3.1 One order')).toBe('31-one-order');
    expect(slugOf('UNDERSTUDY_SETUP')).toBe('understudy_setup');
  });

  it('keeps its length and lines without its code', () => {
    const page = 'a `b`\n```\nc\n```\nd\n';
    expect(prose(page)).toBe('a    \n   \n \n   \nd\n');
  });
});

describe('the figures of comparison.md', () => {
  it("are those of the README's tables", () => {
    const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
    const speed = textOf('README.md').split('## How fast it is')[1]?.split('\n## ')[0] ?? '';
    const figures = textOf('packages/docs/comparison.md').split('## Figures')[1] ?? '';
    const numbers = (
      prose(figures)
        .replace(/\([^)]*\.md[^)]*\)/g, '')
        .match(/\d[\d,.]*\d|\d/g) ?? []
    ).filter((one) => one !== '');
    expect(numbers.length).toBeGreaterThan(8);
    expect(numbers.filter((number) => !speed.includes(number))).toEqual([]);
  });
});
