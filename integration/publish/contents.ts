/** Looks into the packages that are published. */
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path/posix';

/** The parts of a package.json that name a package's files and dependencies. */
export interface Manifest {
  readonly name: string;
  readonly license?: string;
  readonly description?: string;
  readonly main?: string;
  readonly types?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export const manifestIn = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;

/** Returns every file that a manifest points to, under any condition. */
export function targetsOf({ main, types, exports }: Manifest): string[] {
  const targets: string[] = [];
  const collect = (entry: unknown): void => {
    if (typeof entry === 'string') targets.push(join(entry));
    else if (typeof entry === 'object' && entry !== null) Object.values(entry).forEach(collect);
  };
  collect([main, types, exports]);
  return targets;
}

/** Returns the export conditions of a manifest. */
export const conditionsOf = ({ exports = {} }: Manifest): string[] =>
  Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : Object.keys(entry as object)));

const SPECIFIER = /\bfrom\s+['"]([^'"]+)['"]|\b(?:import|require)\(['"]([^'"]+)['"]\)|^import\s+['"]([^'"]+)['"]/gm;

/** Returns the imports of an unpacked package that its manifest does not name, as `file: import`. */
export function undeclaredImports(directory: string, files: readonly string[]): string[] {
  const { name, dependencies, peerDependencies } = manifestIn(directory);
  const declared = new Set([name, ...Object.keys({ ...dependencies, ...peerDependencies })]);
  return files
    .filter((file) => /\.(js|d\.ts)$/.test(file))
    .flatMap((file) =>
      [...readFileSync(join(directory, file), 'utf8').matchAll(SPECIFIER)]
        .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
        .filter((from) => !from.startsWith('.') && !isBuiltin(from) && !declared.has(packageOf(from)))
        .map((from) => `${file}: ${from}`),
    );
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
