/** A second copy of grpc-js, as in a project that installs two versions of it. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

type GrpcJs = typeof import('@grpc/grpc-js');

/**
 * Loads another copy of grpc-js.
 *
 * @returns the copy, and a function that removes its files
 */
export function otherGrpc(): { readonly grpc: GrpcJs; remove(): void } {
  const installed = dirname(realpathSync(require.resolve('@grpc/grpc-js/package.json')));
  const directory = mkdtempSync(join(tmpdir(), 'understudy-grpc-'));
  const copy = join(directory, 'grpc-js');
  mkdirSync(copy);
  for (const part of ['package.json', 'build', 'proto'])
    cpSync(join(installed, part), join(copy, part), { recursive: true });
  symlinkSync(dirname(dirname(installed)), join(directory, 'node_modules'));
  const grpc = createRequire(join(copy, 'package.json'))(copy) as GrpcJs;
  return { grpc, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
