import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Comments cite sections of the design (`DESIGN 5.6`), paragraphs of the patent application (`[0078]`) and its figures
 * (`FIG. 7`). Each of these must be found in packages/docs/design.md.
 */
const root = join(import.meta.dirname, '../../..');
const design = readFileSync(join(root, 'packages/docs/design.md'), 'utf8');

/** What a citation refers to, in one spelling: `DESIGN 5.6`, `[0078]`, `FIG. 7`. */
type Citation = string;

const GENERATED = new Set(['node_modules', 'dist']);

function filesBelow(directory: string, ending: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return GENERATED.has(entry.name) ? [] : filesBelow(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

/** Joins the lines of a comment, because a citation may continue on the next line. */
const inOneLine = (text: string): string => text.replace(/\s*\n[ \t]*(?:\*(?!\/)|\/\/|#)?\s*/g, ' ');

const SECTIONS = /\bDESIGN §?\d+(?:\.\d+)?(?:,? (?:and )?§?\d+\.\d+)*/g;
const FIGURES = /\bFIGS?\. ?\d+(?:(?:, | and |, and |–)\d+)*/g;
/**
 * The application numbers paragraphs with four digits up to 0099 and with five from 00100 on. Some comments use four
 * there, too.
 */
const PARAGRAPHS = /\[(0\d{3,4})\](?:–\[(0\d{3,4})\])?/g;

const paragraph = (digits: number): Citation => `[${String(digits).padStart(digits < 100 ? 4 : 5, '0')}]`;

function upTo(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function figuresIn(list: string): number[] {
  const range = /(\d+)–(\d+)/.exec(list);
  if (range !== null) return upTo(Number(range[1]), Number(range[2]));
  return (list.match(/\d+/g) ?? []).map(Number);
}

function citationsIn(text: string): Set<Citation> {
  const line = inOneLine(text);
  const cited: Citation[] = [];
  for (const [list] of line.matchAll(SECTIONS)) {
    for (const [section] of list.matchAll(/\d+(?:\.\d+)?/g)) cited.push(`DESIGN ${section}`);
  }
  for (const [list] of line.matchAll(FIGURES)) cited.push(...figuresIn(list).map((figure) => `FIG. ${figure}`));
  for (const [, first, last = first] of line.matchAll(PARAGRAPHS)) {
    cited.push(...upTo(Number(first), Number(last)).map(paragraph));
  }
  return new Set(cited);
}

/**
 * The citations that the design explains. Sections and figures have a heading; a paragraph has a table row that begins
 * with it.
 */
function explained(): Set<Citation> {
  const found = new Set<Citation>();
  for (const [, section] of design.matchAll(/^#{2,3} (\d+(?:\.\d+)?) /gm)) found.add(`DESIGN ${section}`);
  for (const [, figure] of design.matchAll(/^### FIG\. (\d+)$/gm)) found.add(`FIG. ${figure}`);
  for (const [, cell = ''] of design.matchAll(/^\| (\[0[^|]*)\|/gm)) {
    for (const citation of citationsIn(cell)) found.add(citation);
  }
  return found;
}

/** Lists `file: citation` for each citation that cannot be looked up. */
function unexplained(files: readonly string[]): string[] {
  const found = explained();
  return files.flatMap((file) =>
    [...citationsIn(readFileSync(file, 'utf8'))]
      .filter((citation) => !found.has(citation))
      .map((citation) => `${relative(root, file)}: ${citation}`),
  );
}

describe('packages/docs/design.md', () => {
  it('explains every section, paragraph and figure that the code cites', () => {
    const sources = ['packages', 'integration'].flatMap((directory) => filesBelow(join(root, directory), '.ts'));
    expect(sources.length).toBeGreaterThan(100);
    expect(unexplained(sources)).toEqual([]);
  });

  it('explains every section, paragraph and figure that scenarios and schemas cite', () => {
    const scenarios = filesBelow(join(root, 'packages/core/testdata'), '.txt');
    const schemas = filesBelow(join(root, 'protos'), '.proto');
    expect(unexplained([...scenarios, ...schemas])).toEqual([]);
  });

  it('names only scenarios that exist', () => {
    const scenarios = filesBelow(join(root, 'packages/core/testdata'), '.txt').map((file) => basename(file, '.txt'));
    const named = [...design.matchAll(/(?:→|[Ss]cenarios?) ((?:`[\w-]+`(?:,\s+)?)+)/g)].flatMap(
      ([, list = '']) => list.match(/[\w-]+/g) ?? [],
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((name) => !scenarios.includes(name))).toEqual([]);
  });

  it('links to headings that exist', () => {
    const slugs = [...design.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replace(/ /g, '-'),
    );
    const linked = [...design.matchAll(/\]\(#([^)]+)\)/g)].map(([, slug = '']) => slug);
    expect(linked.filter((slug) => !slugs.includes(slug))).toEqual([]);
  });
});

describe('a citation', () => {
  const found = (text: string): Citation[] => [...citationsIn(text)];

  it('is recognised when it names several sections', () => {
    expect(found('DESIGN 5.10, 7.7')).toEqual(['DESIGN 5.10', 'DESIGN 7.7']);
    expect(found('DESIGN §3.7, §5.4')).toEqual(['DESIGN 3.7', 'DESIGN 5.4']);
    expect(found('DESIGN 3 says')).toEqual(['DESIGN 3']);
  });

  it('is recognised when it names several figures', () => {
    expect(found('FIG. 7, 8 and 9, under')).toEqual(['FIG. 7', 'FIG. 8', 'FIG. 9']);
    expect(found('FIG. 7–10')).toEqual(['FIG. 7', 'FIG. 8', 'FIG. 9', 'FIG. 10']);
    expect(found('FIG. 10, from either side')).toEqual(['FIG. 10']);
  });

  it('is recognised when it names several paragraphs, or one with a zero less', () => {
    expect(found('[0104], [00104]')).toEqual(['[00104]']);
    expect(found('[0041]–[0043]')).toEqual(['[0041]', '[0042]', '[0043]']);
  });

  it('is recognised when it continues on the next line of a comment', () => {
    expect(found(' * as in DESIGN\n * 5.6 and FIG.\n * 1 and 2')).toEqual(['DESIGN 5.6', 'FIG. 1', 'FIG. 2']);
  });
});
