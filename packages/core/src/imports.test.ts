import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../..');

/**
 * Which of our packages each package may import. It may import no others, so that no two packages import each other.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ['core'],
  context: ['core'],
  'grpc-common': ['core', 'wire', 'context'],
  'coordinator-embedded': ['core'],
  'coordinator-etcd': ['core'],
  server: ['core', 'wire', 'context', 'grpc-common'],
  client: ['core', 'wire', 'context', 'grpc-common'],
  nestjs: ['core', 'server', 'client'],
  'nice-grpc': ['core', 'server', 'client'],
  otel: ['core', 'server', 'client', 'coordinator-embedded'],
  testing: ['core', 'context', 'coordinator-embedded', 'server', 'client'],
  cli: ['core', 'grpc-common', 'coordinator-embedded', 'coordinator-etcd'],
  simulator: ['core'],
  examples: ['core', 'coordinator-embedded', 'coordinator-etcd', 'server', 'client'],
  workshop: ['core', 'wire', 'coordinator-etcd', 'client', 'examples', 'testing'],
  bench: ['core', 'wire', 'coordinator-embedded', 'coordinator-etcd', 'server', 'client'],
  docs: ['core'],
};

/** The packages that are not published. They are ES modules. */
const PRIVATE: readonly string[] = ['simulator', 'examples', 'workshop', 'bench', 'docs'];

/** The packages whose folders may import each other both ways: in the simulator all of a run knows all of it. */
const MAY_CIRCLE: readonly string[] = ['simulator'];

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|(?:^|\n)\s*import\s+'([^']+)'/g;

function filesOf(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const sources = (directory: string): string[] => filesOf(directory).filter((file) => !file.endsWith('.test.ts'));

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

describe('imports run one way', () => {
  it('for every package there is, since each one is listed here', () => {
    const directories = readdirSync(packages, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(directories.sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  for (const [name, allowed] of Object.entries(MAY_IMPORT)) {
    it(`${name} imports none of our packages but ${allowed.join(', ') || 'itself'}`, () => {
      const foreign = sources(join(packages, name, 'src')).flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith('@understudy/'))
          .filter((target) => !allowed.includes(target.split('/')[1] ?? ''))
          .map((target) => `${relative(packages, file)} imports ${target}`),
      );
      expect(foreign).toEqual([]);
    });
  }

  it('core imports no package, and uses no clock, timer, promise or randomness', () => {
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

  it('servers and clients read no clock and no randomness that may be a handler’s', () => {
    const replaced =
      /(?<!realOf\()\b(?:Date\.now|new Date|performance\.now|Math\.random|random(?:Bytes|UUID|Int|FillSync|Fill))\b(?=\()/;
    // The liveness thread has globals of its own.
    const own = /\/(?:testing|determinism)\/|\/context\/src\/real\.ts$|\/liveness\/line\.ts$/;
    const offences = ['context', 'grpc-common', 'server', 'client']
      .flatMap((name) => sources(join(packages, name, 'src')))
      .filter((file) => !own.test(file))
      .flatMap((file) => {
        const found = replaced.exec(readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''));
        return found === null ? [] : [`${relative(packages, file)} uses ${found[0]}`];
      });
    expect(offences).toEqual([]);
  });

  it('integration tests import published packages by name and never their dist, which is CommonJS', () => {
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
});

const FOLDER_FILES_MAX = 15;
const FILE_LINES_MAX = 400;

describe('a package can be read from the top', () => {
  const all = Object.keys(MAY_IMPORT).flatMap((name) => sources(join(packages, name, 'src')));

  it('because no files import each other in a circle, not even types', () => {
    const circles = circlesOf(new Map(all.map((file) => [file, neighboursOf(file)])));
    expect(circles.map((circle) => circle.map((file) => relative(packages, file)))).toEqual([]);
  });

  it('because the folders of a package import each other one way', () => {
    for (const name of Object.keys(MAY_IMPORT).filter((name) => !MAY_CIRCLE.includes(name))) {
      const files = sources(join(packages, name, 'src')).filter((file) => !file.includes('/testing/'));
      const folders = new Map<string, string[]>();
      for (const file of files) {
        const others = neighboursOf(file).map(dirname);
        const folder = dirname(file);
        folders.set(folder, [...(folders.get(folder) ?? []), ...others.filter((other) => other !== folder)]);
      }
      expect(circlesOf(folders).map((circle) => circle.map((folder) => relative(packages, folder)))).toEqual([]);
    }
  });

  it('because no two types of a package share a name', () => {
    for (const name of Object.keys(MAY_IMPORT)) {
      const places = new Map<string, string[]>();
      for (const file of sources(join(packages, name, 'src')))
        for (const type of typesOf(file)) places.set(type, [...(places.get(type) ?? []), relative(packages, file)]);
      expect([...places].filter(([, files]) => files.length > 1)).toEqual([]);
    }
  });

  it(`because no folder, those of test data included, has more than ${FOLDER_FILES_MAX} files besides tests`, () => {
    const testdata = Object.keys(MAY_IMPORT)
      .map((name) => join(packages, name, 'testdata'))
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder, { withFileTypes: true, recursive: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const counts = new Map<string, number>();
    for (const file of [...all, ...testdata]) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    const wide = [...counts]
      .filter(([, files]) => files > FOLDER_FILES_MAX)
      .map(([folder]) => relative(packages, folder));
    expect(wide.sort()).toEqual([]);
  });

  it(`because no file, tests included, has more than ${FILE_LINES_MAX} lines`, () => {
    const files = Object.keys(MAY_IMPORT).flatMap((name) => filesOf(join(packages, name, 'src')));
    const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length - 1 > FILE_LINES_MAX);
    expect(long.map((file) => relative(packages, file)).sort()).toEqual([]);
  });
});

/** The files of the same package that `file` imports, even if only for their types. */
function neighboursOf(file: string): string[] {
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => join(file, '..', target.replace(/\.js$/, '.ts')));
}

/** The classes, interfaces and type aliases that `file` declares at its top level, exported or not. */
function typesOf(file: string): string[] {
  const declaration = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type) (\w+)/gm;
  return [...readFileSync(file, 'utf8').matchAll(declaration)].map((match) => match[1] ?? '');
}

/** The circles of a graph: sets of files that all reach each other. The sets and the files in them are sorted. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const reached = new Map([...graph.keys()].map((file) => [file, reachableFrom(graph, file)]));
  const circles = new Map<string, string[]>();
  for (const file of [...graph.keys()].sort()) {
    if (reached.get(file)?.has(file) !== true) continue;
    const circle = [...graph.keys()]
      .filter((other) => reached.get(file)?.has(other) && reached.get(other)?.has(file))
      .sort();
    circles.set(circle[0] ?? file, circle);
  }
  return [...circles.values()];
}

function reachableFrom(graph: ReadonlyMap<string, readonly string[]>, from: string): Set<string> {
  const seen = new Set<string>();
  const stack = [...(graph.get(from) ?? [])];
  for (let file = stack.pop(); file !== undefined; file = stack.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    stack.push(...(graph.get(file) ?? []));
  }
  return seen;
}
