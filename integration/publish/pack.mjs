// Makes the tarballs to publish: node integration/publish/pack.mjs DIR (npm run pack). Build first.
//
// The packages' folders cannot be packed directly. In the repository, a package.json has the export condition `source`,
// by which tests read sources, and entries for tests. Both would point to files that no tarball has.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const packages = join(root, 'packages');

const manifestOf = (directory) => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));

/** Returns the folders of the packages to publish: those that are not private. */
export const publishedFolders = () =>
  readdirSync(packages)
    .map((name) => join(packages, name))
    .filter((directory) => existsSync(join(directory, 'package.json')) && manifestOf(directory).private !== true);

const isForTests = (path) => /(^|\/)testing\//.test(path);

/** Returns an entry of `exports` as users see it; undefined if only tests use it. */
function publishedEntry(entry) {
  if (typeof entry === 'string') return entry;
  const { source: _, ...conditions } = entry;
  return Object.values(conditions).some(isForTests) ? undefined : conditions;
}

function publishedManifest({ devDependencies: _development, scripts: _scripts, ...manifest }) {
  const entries = Object.entries(manifest.exports).map(([name, entry]) => [name, publishedEntry(entry)]);
  return { ...manifest, exports: Object.fromEntries(entries.filter(([, entry]) => entry !== undefined)) };
}

/** Returns the compiled files that users need, relative to `dist`. Leaves out those whose source no longer exists. */
function compiledFiles(directory) {
  const dist = join(directory, 'dist');
  if (!existsSync(dist)) throw new Error(`${relative(root, directory)} is not built; run npm run build`);
  return readdirSync(dist, { recursive: true })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.(js|d\.ts)$/.test(path) && !isForTests(path))
    .filter((path) => existsSync(join(directory, 'src', path.replace(/\.(js|d\.ts)$/, '.ts'))));
}

/** Removes the reference to the source map, which no tarball has, as it has no sources. */
const withoutMap = (text) => text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');

function stage(directory, to) {
  mkdirSync(to, { recursive: true });
  const manifest = publishedManifest(manifestOf(directory));
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const path of compiledFiles(directory)) {
    const target = join(to, 'dist', path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, withoutMap(readFileSync(join(directory, 'dist', path), 'utf8')));
  }
  for (const folder of manifest.files.filter((name) => name !== 'dist' && !name.startsWith('!'))) {
    cpSync(join(directory, folder), join(to, folder), { recursive: true });
  }
  cpSync(join(directory, 'README.md'), join(to, 'README.md'));
  cpSync(join(root, 'LICENSE'), join(to, 'LICENSE'));
}

/**
 * Makes all tarballs.
 *
 * @param to an existing directory for the tarballs
 * @returns for each package its name, and the path, size and files of its tarball
 */
export function pack(to) {
  const work = mkdtempSync(join(tmpdir(), 'understudy-pack-'));
  try {
    const staged = publishedFolders().map((directory) => {
      const stageTo = join(work, relative(packages, directory));
      stage(directory, stageTo);
      return stageTo;
    });
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', resolve(to), ...staged];
    const packed = JSON.parse(
      execFileSync('npm', args, { encoding: 'utf8', cwd: work, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    return packed.map(({ name, filename, size, unpackedSize, files }) => ({
      name,
      tarball: join(resolve(to), filename),
      size,
      unpackedSize,
      files: files.map(({ path }) => path),
    }));
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const to = process.argv[2] ?? join(root, 'tarballs');
  mkdirSync(to, { recursive: true });
  for (const { tarball, size, unpackedSize, files } of pack(to)) {
    const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(10);
    console.log(
      `${kib(size)}, unpacked ${kib(unpackedSize)}, ${String(files.length).padStart(3)} files  ${relative('', tarball)}`,
    );
  }
}
