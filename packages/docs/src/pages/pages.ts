/** The pages of the repository: the documentation, the READMEs, and the pages at the top. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../../..');

const SKIPPED = new Set(['node_modules', 'dist', 'tarballs', 'coverage', 'bench-results']);

/** A page of Markdown. */
export interface Page {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** All pages, by path. Folders that are generated, or whose names begin with a dot, have none. */
export function allPages(): Page[] {
  return pathsBelow(ROOT)
    .map((path) => ({ path: relative(ROOT, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function pathsBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || SKIPPED.has(entry.name) || entry.name.startsWith('readme-')) return [];
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return pathsBelow(path);
    return entry.isFile() && entry.name.endsWith('.md') ? [path] : [];
  });
}
