/** The version of the service's code, which tells a replica whose orders it may execute. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setupError } from '../checks/setup-error.js';

const VERSION_MAX = 512;

/**
 * The version that the user gave, or else name and version of the program's package.
 *
 * @param main the file that the process runs
 * @throws UNDERSTUDY_SETUP for a version that is no short text
 */
export function versionOf(given: string | undefined, main: string | undefined = process.argv[1]): string {
  if (given === undefined) return versionOfPackage(main === undefined ? process.cwd() : dirname(main));
  if (typeof given === 'string' && given.length > 0 && given.length <= VERSION_MAX) return given;
  throw setupError(`the option version must be a text of 1 to ${VERSION_MAX} characters, such as 'bank@1.4.0'`);
}

/** Name and version in the nearest package.json; empty where there is none that can be read. */
function versionOfPackage(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return textOf(path);
    if (dirname(folder) === folder) return '';
  }
}

function textOf(path: string): string {
  try {
    const { name = '', version = '' } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
    return `${name}@${version}`.slice(0, VERSION_MAX);
  } catch {
    return '';
  }
}
