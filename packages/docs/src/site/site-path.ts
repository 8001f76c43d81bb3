/** Where a page of the repository is on the site. */
import { posix } from 'node:path';

const DOCS = 'packages/docs/';

/**
 * The page's place on the site, without a slash in front: the documentation's own pages at the top, a README under the
 * name of its folder, and the repository's topmost pages in `project`.
 */
export function sitePathOf(path: string): string {
  if (path.startsWith(DOCS)) return path.slice(DOCS.length);
  const { dir, name } = posix.parse(path.toLowerCase().replace('/src/', '/'));
  if (name === 'readme' && dir !== '') return `${dir}.md`;
  return posix.join(dir === '' ? 'project' : dir, `${name}.md`);
}
