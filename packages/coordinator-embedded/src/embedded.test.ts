import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedCoordinator } from './embedded.js';
import { coordinatorContract } from './testing/contract.js';

coordinatorContract('in a directory', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  // Two levels do not exist yet: the first change creates them.
  return {
    factory: embeddedCoordinator(join(dir, 'a', 'b')),
    remove: () => rm(dir, { recursive: true }),
    destroy: () => rm(join(dir, 'a'), { recursive: true }),
    tellsLast: false,
  };
});
