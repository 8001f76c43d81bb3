/** Gathers the pages of the repository as the site has them: in places of their own, with links that lead there. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { linksOf, type PageLink, prose } from '../pages/markdown.js';
import { type Page, ROOT } from '../pages/pages.js';
import { sitePathOf } from './site-path.js';

/** Where the repository is on the web, for links to its files; undefined leaves such links out. */
export type RepositoryUrl = string | undefined;

/** The pages as the site has them, by their paths there. */
export function stagedPages(pages: readonly Page[], repository: RepositoryUrl): Map<string, string> {
  const places = new Map(pages.map(({ path }) => [path, sitePathOf(path)]));
  const staged = new Map<string, string>();
  for (const page of pages) {
    const place = sitePathOf(page.path);
    if (staged.has(place)) throw new Error(`${page.path} has the place of another page, ${place}`);
    staged.set(place, moved(page, place, places, repository));
  }
  return staged;
}

/** Writes the pages below `directory`, which is emptied first. */
export function writeStaged(directory: string, staged: ReadonlyMap<string, string>): void {
  rmSync(directory, { recursive: true, force: true });
  for (const [place, text] of staged) {
    mkdirSync(dirname(join(directory, place)), { recursive: true });
    writeFileSync(join(directory, place), text);
  }
}

const COMMENT = /^<!--[\s\S]*?-->\n+/;

function moved(page: Page, place: string, places: ReadonlyMap<string, string>, repository: RepositoryUrl): string {
  let { text } = page;
  const code = prose(text);
  // Goes from the end, so that the offsets of earlier links stay the same.
  for (const link of linksOf(text).sort((a, b) => b.at - a.at)) {
    const target = targetOnSite(page, place, link, places, repository);
    if (target === undefined) text = withoutLink(text, code, link);
    else text = text.slice(0, link.at) + target + text.slice(link.at + link.target.length);
  }
  return text.replace(COMMENT, '');
}

/** @returns undefined for a file that is not on the site and cannot be linked to */
function targetOnSite(
  page: Page,
  place: string,
  { target }: PageLink,
  places: ReadonlyMap<string, string>,
  repository: RepositoryUrl,
): string | undefined {
  if (target.startsWith('#') || /^[a-z][a-z+.-]*:/i.test(target)) return target;
  const [file = '', anchor] = target.split('#');
  const path = posix.join(posix.dirname(page.path), decodeURI(file)).replace(/\/$/, '');
  const other = places.get(path) ?? places.get(posix.join(path, 'README.md'));
  if (other !== undefined) {
    const relative = posix.relative(posix.dirname(place), other);
    return `${relative.startsWith('.') ? relative : `./${relative}`}${anchor === undefined ? '' : `#${anchor}`}`;
  }
  if (repository === undefined) return undefined;
  const kind = existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isDirectory() ? 'tree' : 'blob';
  return `${repository}/${kind}/main/${path}`;
}

/** The page with the link replaced by its text. */
function withoutLink(text: string, code: string, { at, target }: PageLink): string {
  const end = at - 2;
  let depth = 0;
  for (let i = end; i >= 0; i--) {
    if (code[i] === ']') depth++;
    if (code[i] === '[' && --depth === 0) {
      return text.slice(0, i) + text.slice(i + 1, end) + text.slice(at + target.length + 1);
    }
  }
  throw new Error(`a link to ${target} has no beginning`);
}
