/** Reads the manifests of docker/kubernetes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

export const FOLDER = fileURLToPath(new URL('../../docker/kubernetes', import.meta.url));

/** An object of Kubernetes as these tests look at it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** @throws Error that names the first mistake in the text */
export function objectsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw error;
    return document.toJS() as Manifest;
  });
}

export const objectsOf = (file: string): readonly Manifest[] => objectsIn(readFileSync(join(FOLDER, file), 'utf8'));

/** The objects that `kubectl kustomize` makes of a folder: here nothing but those of its resources, in their order. */
export function kustomized(folder: string): readonly Manifest[] {
  const { apiVersion, kind, resources, ...rest } = parse(
    readFileSync(join(FOLDER, folder, 'kustomization.yaml'), 'utf8'),
  ) as { readonly apiVersion: string; readonly kind: string; readonly resources: readonly string[] };
  if (kind !== 'Kustomization' || !apiVersion.startsWith('kustomize.config.k8s.io/'))
    throw new Error(`${folder}: ${kind}`);
  const others = Object.keys(rest);
  if (others.length > 0)
    throw new Error(`${folder}: these tests do not know what kustomize does with ${others.join()}`);
  return resources.flatMap((resource) =>
    resource.endsWith('.yaml') ? objectsOf(join(folder, resource)) : kustomized(join(folder, resource)),
  );
}

/** Sorted, so that the order of files does not matter. */
export const byName = (objects: readonly Manifest[]): readonly Manifest[] =>
  [...objects].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

export const keyOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
