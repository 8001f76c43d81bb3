/** Checks manifests against the types of the Kubernetes API, which are made from its OpenAPI description. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyOf, type Manifest } from './manifests.js';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** The module of `kubernetes-types` that has the kinds of an API. */
const MODULE_OF: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'policy/v1': 'policy/v1',
  'networking.k8s.io/v1': 'networking/v1',
};

/**
 * Has the compiler check each object as a literal of its kind: fields that there are not, fields that are missing and
 * values of another type are mistakes. The API's description does not say which texts a field may have.
 *
 * @returns the compiler's complaints; empty if there are none
 */
export function mistakesIn(objects: readonly Manifest[]): string {
  // Within node_modules, so that the compiler finds the types, and no other tool looks at the file.
  const folder = mkdtempSync(join(MODULES, '.manifests-'));
  try {
    const lines = objects.map((object, i) => {
      const module = MODULE_OF[object.apiVersion];
      if (module === undefined) throw new Error(`${keyOf(object)}: there is no API ${object.apiVersion}`);
      const type = `import('kubernetes-types/${module}').${object.kind}`;
      return `export const object${i}: ${type} = ${JSON.stringify(object, undefined, 2)};`;
    });
    const file = join(folder, 'manifests.ts');
    writeFileSync(file, lines.join('\n'));
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--ignoreConfig'];
    const resolution = ['--module', 'preserve', '--moduleResolution', 'bundler', '--types', ''];
    execFileSync(join(MODULES, '.bin/tsc'), [...options, ...resolution, file], { encoding: 'utf8', cwd: folder });
    return '';
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (stdout === undefined) throw error;
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
