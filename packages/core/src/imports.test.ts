import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../..');

/** What each package may import of ours; nothing else, so that there is no cycle and no sideways import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ['core'],
  context: ['core'],
  'coordinator-embedded': ['core'],
  'coordinator-etcd': ['core'],
  server: ['core', 'wire', 'context'],
  client: ['core', 'wire', 'context'],
  cli: ['core', 'coordinator-embedded', 'coordinator-etcd'],
  simulator: ['core'],
  examples: ['core', 'coordinator-embedded', 'coordinator-etcd', 'server', 'client'],
  workshop: ['core', 'coordinator-etcd', 'client', 'examples'],
  bench: ['core', 'wire', 'coordinator-embedded', 'coordinator-etcd', 'server', 'client'],
};

/** Packages that are not published; they are ES modules. */
const PRIVATE: readonly string[] = ['simulator', 'examples', 'workshop', 'bench'];

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|(?:^|\n)\s*import\s+'([^']+)'/g;

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

describe('imports run one way', () => {
  it('knows every package', () => {
    // `docs` holds no code.
    const directories = readdirSync(packages, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'docs')
      .map(({ name }) => name);
    expect(directories.sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  for (const [name, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${name} imports of ours only ${allowed.join(', ') || 'itself'}`, () => {
      const foreign = sources(join(packages, name, 'src')).flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith('@understudy/'))
          .filter((target) => !allowed.includes(target.split('/')[1] ?? ''))
          .map((target) => `${relative(packages, file)} imports ${target}`),
      );
      expect(foreign).toEqual([]);
    });
  }

  it('core imports nothing at all: no module, clock, timer, promise or randomness', () => {
    const impure =
      /\bDate\b|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bqueueMicrotask\b|\bperformance\b|\basync\b|\bawait\b|\bnew Promise\b|\bprocess\b/;
    const core = join(packages, 'core/src');
    const offences = sources(core).flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').replace(/'[^'\n]*'|`[^`]*`/g, "''");
      const modules = importsOf(file).filter((target) => !target.startsWith('.'));
      const found = impure.exec(code);
      return [
        ...modules.map((target) => `${relative(core, file)} imports ${target}`),
        ...(found ? [`${relative(core, file)} uses ${found[0]}`] : []),
      ];
    });
    expect(offences).toEqual([]);
  });

  it('integration tests import published packages by name: vitest reads their sources, and their dist is CommonJS', () => {
    const integration = join(packages, '../integration');
    const offences = readdirSync(integration, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .flatMap((file) =>
        importsOf(file).map((target) => ({ file, published: /packages\/([\w-]+)\/dist/.exec(target)?.[1] })),
      )
      .filter(({ published }) => published !== undefined && !PRIVATE.includes(published))
      .map(({ file, published }) => `${relative(integration, file)} imports the dist of ${published}`);
    expect(offences).toEqual([]);
  });

  it('no import cycle inside a package', () => {
    const cycles: string[] = [];
    for (const name of Object.keys(MAY_IMPORT)) {
      const files = sources(join(packages, name, 'src'));
      const runtime = new Map(files.map((file) => [file, runtimeImports(file)]));
      for (const file of files) if (reaches(runtime, file, file)) cycles.push(relative(packages, file));
    }
    expect(cycles).toEqual([]);
  });
});

/** Relative imports that remain when types are erased. */
function runtimeImports(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(/(?:^|\n)\s*(?:import|export)\s+type\s[\s\S]*?;/g, '');
  return [...text.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .filter((target) => target.startsWith('.'))
    .map((target) => join(file, '..', target.replace(/\.js$/, '.ts')));
}

function reaches(graph: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const stack = [...(graph.get(from) ?? [])];
  for (let file = stack.pop(); file !== undefined; file = stack.pop()) {
    if (file === to) return true;
    if (seen.has(file)) continue;
    seen.add(file);
    stack.push(...(graph.get(file) ?? []));
  }
  return false;
}
