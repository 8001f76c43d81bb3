import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { embeddedCoordinator } from './embedded.js';
import { coordinatorContract } from './testing/contract.js';

coordinatorContract('in a directory', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  // Two levels do not exist yet: the first change creates them.
  return {
    factory: embeddedCoordinator(join(dir, 'a', 'b')),
    remove: () => rm(dir, { recursive: true }),
    destroy: () => rename(join(dir, 'a'), join(dir, 'gone')),
    tellsLast: false,
  };
});

it.each([
  [['', {}], 'it takes the path of a directory'],
  [[undefined, {}], 'it takes the path of a directory'],
  [['/x', { deadlinMs: 1 }], 'there is no option "deadlinMs"; did you mean deadlineMs?'],
  [['/x', { pollMs: 0 }], 'set pollMs to a number from 1'],
  [['/x', { deadlineMs: Number.NaN }], 'set deadlineMs to a number from 1'],
] as const)('a coordinator in a directory is not made with %j', (given, why) => {
  expect(() => embeddedCoordinator(...(given as unknown as [string]))).toThrow(why);
});
