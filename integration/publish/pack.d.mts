/** A tarball, with the paths of its files relative to the package's folder. */
export interface Packed {
  readonly name: string;
  readonly tarball: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly string[];
}

export function pack(to: string): readonly Packed[];
export function publishedFolders(): readonly string[];
