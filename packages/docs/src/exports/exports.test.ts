import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The names that each published package exports are in a text beside this file, so that a reviewer sees a new one.
 * `REWRITE_EXPORTS=1 npx vitest run packages/docs/src/exports` writes it anew.
 */
const LIST = join(import.meta.dirname, 'exports.txt');
const PACKAGES = join(import.meta.dirname, '../../..');

const NAMED = /^export (?:type )?\{([^}]*)\}(?: from '[^']+')?;/gm;
const DECLARED = /^export (?:declare )?(?:async )?(?:abstract )?(function|class|const|let|interface|type|enum) (\w+)/gm;

interface Export {
  readonly name: string;
  readonly isType: boolean;
}

/** The exports of a module. It must name each of them. */
function exportsOf(source: string): Export[] {
  const text = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  const named = [...text.matchAll(NAMED)].flatMap(([statement, list = '']) =>
    list
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map((entry) => ({
        name: entry.replace(/^type /, '').replace(/^.* as /, ''),
        isType: statement.startsWith('export type') || entry.startsWith('type '),
      })),
  );
  const declared = [...text.matchAll(DECLARED)].map(([, kind = '', name = '']) => ({
    name,
    isType: kind === 'interface' || kind === 'type',
  }));
  return [...named, ...declared];
}

/** How many statements of a module export something. */
const countOf = (source: string): number =>
  source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').match(/^export\b/gm)?.length ?? 0;

const published = readdirSync(PACKAGES)
  .filter((name) => existsSync(join(PACKAGES, name, 'package.json')))
  .filter((name) => JSON.parse(readFileSync(join(PACKAGES, name, 'package.json'), 'utf8')).private !== true)
  .sort();

const indexOf = (name: string): string => readFileSync(join(PACKAGES, name, 'src/index.ts'), 'utf8');

/** One line for each export, values first: `server createReplica`, `server type ReplicaServer`. */
const lines = published.flatMap((name) => {
  const found = exportsOf(indexOf(name));
  const linesOf = (isType: boolean): string[] =>
    found
      .filter((each) => each.isType === isType)
      .map((each) => `${name} ${isType ? 'type ' : ''}${each.name}`)
      .sort();
  return [...linesOf(false), ...linesOf(true)];
});

describe('the main entry of a published package', () => {
  it.each(published)('names each of its exports, %s', (name) => {
    const source = indexOf(name);
    const statements = [...source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').matchAll(NAMED)].length;
    const declared = [...source.matchAll(DECLARED)].length;
    expect(statements + declared).toBe(countOf(source));
  });

  it('exports what the list beside this test says, and nothing else', () => {
    if (process.env.REWRITE_EXPORTS !== undefined) writeFileSync(LIST, `${lines.join('\n')}\n`);
    expect(lines).toEqual(readFileSync(LIST, 'utf8').trimEnd().split('\n'));
  });

  it('would show a name that is new in it', () => {
    const now = exportsOf(
      "export { type A, b as c } from './x.js';\nexport type { D } from './y.js';\nexport const e = 1;",
    );
    expect(now.map(({ name, isType }) => `${isType ? 'type ' : ''}${name}`)).toEqual(['type A', 'c', 'type D', 'e']);
  });
});
