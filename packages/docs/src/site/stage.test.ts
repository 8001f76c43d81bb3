import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorsOf, linksOf } from '../pages/markdown.js';
import { allPages } from '../pages/pages.js';
import { NAVIGATION } from './navigation.js';
import { sitePathOf } from './site-path.js';
import { stagedPages } from './stage.js';

const pages = allPages();
const staged = stagedPages(pages, undefined);

describe('the site', () => {
  it('has no link that leads nowhere', () => {
    const faults = [...staged].flatMap(([place, text]) =>
      linksOf(text)
        .map(({ target }) => target)
        .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
        .filter((target) => {
          const [file = '', anchor] = target.split('#');
          const other = file === '' ? text : staged.get(posix.join(posix.dirname(place), file));
          return other === undefined || (anchor !== undefined && !anchorsOf(other).has(anchor));
        })
        .map((target) => `${place}: ${target}`),
    );
    expect(faults).toEqual([]);
  });

  it('has every page of the documentation in its navigation, once, and only pages that there are', () => {
    const links = NAVIGATION.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1)}.md`));
    expect(links.filter((link) => !staged.has(link))).toEqual([]);
    expect(new Set(links).size).toBe(links.length);
    const own = pages.filter(({ path }) => path.startsWith('packages/docs/')).map(({ path }) => sitePathOf(path));
    expect(own.filter((path) => path !== 'index.md' && !links.includes(path))).toEqual([]);
  });
});

describe('a page on the site', () => {
  const page = (path: string, text: string) => ({ path, text });
  const readme = page('packages/server/README.md', '# Server\n');

  it('has the name of its folder if it is a README', () => {
    expect(sitePathOf('packages/docs/start.md')).toBe('start.md');
    expect(sitePathOf('packages/server/README.md')).toBe('packages/server.md');
    expect(sitePathOf('packages/examples/src/bank/README.md')).toBe('packages/examples/bank.md');
    expect(sitePathOf('README.md')).toBe('project/readme.md');
    expect(sitePathOf('packages/simulator/FOUND.md')).toBe('packages/simulator/found.md');
  });

  it('has links to where pages are there', () => {
    const links = '[a](../server/README.md#server), [b](../server), [c](#d), [e](https://example.com)';
    const one = stagedPages([page('packages/docs/x.md', links), readme], undefined).get('x.md');
    expect(one).toBe('[a](./packages/server.md#server), [b](./packages/server.md), [c](#d), [e](https://example.com)');
    const back = stagedPages(
      [page('packages/cli/README.md', '[x](../docs/x.md)'), page('packages/docs/x.md', '')],
      undefined,
    );
    expect(back.get('packages/cli.md')).toBe('[x](../x.md)');
  });

  it('has links to files of the repository only if it is known where that is', () => {
    const text = '[the `code` [1]](../server/src/index.ts), [all](../server/src), [a](b.md)';
    const pages = [page('packages/docs/x.md', text), page('packages/docs/b.md', '')];
    expect(stagedPages(pages, undefined).get('x.md')).toBe('the `code` [1], all, [a](./b.md)');
    expect(stagedPages(pages, 'https://example.com/r').get('x.md')).toBe(
      '[the `code` [1]](https://example.com/r/blob/main/packages/server/src/index.ts), [all](https://example.com/r/tree/main/packages/server/src), [a](./b.md)',
    );
  });

  it('has its code as it was, and no comment for those who change the page', () => {
    const text = '<!-- Made from … -->\n\n# A\n\n`[a](../server/README.md)`\n';
    expect(stagedPages([page('packages/docs/x.md', text), readme], undefined).get('x.md')).toBe(
      '# A\n\n`[a](../server/README.md)`\n',
    );
  });

  it('has a place of its own', () => {
    expect(() => stagedPages([page('packages/docs/project/x.md', ''), page('X.md', '')], undefined)).toThrow(
      'project/x.md',
    );
  });
});
