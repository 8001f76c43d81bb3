import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const src = import.meta.dirname;
const IMPORT = /from '(\.[^']+)\.js'/g;

/** Each file of the package with all that it imports of it, types included. */
function imports(): Map<string, readonly string[]> {
  const files = readdirSync(src, { encoding: 'utf8', recursive: true }).filter((file) => file.endsWith('.ts'));
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(src, file), 'utf8');
      const targets = [...text.matchAll(IMPORT)].map(([, target = '']) => join(file, '..', `${target}.ts`));
      return [file, targets];
    }),
  );
}

/** @returns the first circle: a way along imports from some file back to it */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of graph.get(file) ?? []) {
      const circle = visit(target, [...way, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

it('the search for circles finds that of two files', () => {
  expect(
    circleIn(
      new Map([
        ['a', ['b']],
        ['b', ['c', 'a']],
        ['c', []],
      ]),
    ),
  ).toEqual(['a', 'b', 'a']);
});

it('no files of the simulator import each other in a circle, not even for types', () => {
  expect(circleIn(imports())).toBeUndefined();
});
