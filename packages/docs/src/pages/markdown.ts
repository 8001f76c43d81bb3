/** What a page of Markdown consists of, as far as the checks and the site need to know. */

/** A link or picture, as written. */
export interface PageLink {
  readonly target: string;
  /** Where the target begins in the page. */
  readonly at: number;
}

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

const FENCE = /^( *)(```+)([\w-]*)[^\n]*\n([\s\S]*?)^\1\2 *$/gm;
/** A run of backticks up to the next one of the same length in the same paragraph. */
const INLINE_CODE = /(?<!`)(`+)(?!`)(?:(?!\n\s*\n)[\s\S])*?(?<!`)\1(?!`)/g;
const COMMENT = /<!--[\s\S]*?-->/g;

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** The page with all code blanked out, so that nothing in code is taken for a link. Offsets stay the same. */
export const prose = (page: string): string =>
  page.replace(FENCE, blank).replace(COMMENT, blank).replace(INLINE_CODE, blank);

export function blocksOf(page: string): CodeBlock[] {
  return [...page.matchAll(FENCE)].map((match) => ({
    language: match[3] ?? '',
    code: match[4] ?? '',
    line: page.slice(0, match.index).split('\n').length,
  }));
}

/** The links of a page outside code. */
export function linksOf(page: string): PageLink[] {
  // A link's text may contain code, so links are looked for in the page, and taken if they do not end in code.
  const text = prose(page);
  const found = [...page.matchAll(/\]\(([^()\s]+(?:\([^()\s]*\))?[^()\s]*)\)/g)];
  const inline = found
    .filter((match) => text.startsWith('](', match.index))
    .map((match) => ({ target: match[1] ?? '', at: match.index + 2 }));
  const named = [...text.matchAll(/^\[[^\]]+\]: (\S+)/gm)].map((match) => ({
    target: match[1] ?? '',
    at: match.index + match[0].length - (match[1]?.length ?? 0),
  }));
  return [...inline, ...named];
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const text = page.replace(FENCE, blank);
  for (const [, heading = ''] of text.matchAll(/^#{1,6} (.+?)(?: +#+)?$/gm)) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The anchor of a heading, as GitHub makes it; without the number that a repeated heading gets. */
export const slugOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replace(/ /g, '-');
