import { chown, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Coordinator, Epoch } from '@understudy/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedCoordinator } from './embedded.js';
import { sampleMember, sampleRecord } from './testing/sample-records.js';

let root: string;
let coordinator: Coordinator;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'understudy-'));
  coordinator = embeddedCoordinator(join(root, 'made'))('bank');
});
afterEach(async () => {
  await coordinator.close();
  await rm(root, { recursive: true });
});

interface Found {
  readonly path: string;
  readonly mode: number;
  readonly isDirectory: boolean;
  readonly uid: number;
}

async function everything(): Promise<Found[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  return Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, uid } = await stat(path);
      return { path, mode: mode & 0o777, isDirectory: entry.isDirectory(), uid };
    }),
  );
}

async function write(epoch: number): Promise<void> {
  const swapped = await coordinator.compareAndSwap((epoch - 1) as Epoch, sampleRecord('bank', epoch));
  expect(swapped).toEqual({ kind: 'swapped' });
}

describe.skipIf(process.platform === 'win32')('the files of a record', () => {
  it('can be read by their owner only, and so can the directories made for them', async () => {
    await write(1);
    await coordinator.announce({ member: sampleMember(1), address: '127.0.0.1:1' });
    await write(2);
    const found = await everything();
    const files = found.filter(({ isDirectory }) => !isDirectory);
    // Two records and a presence.
    expect(files.map(({ mode }) => mode)).toEqual([0o600, 0o600, 0o600]);
    const directories = found.filter(({ isDirectory }) => isDirectory);
    expect(directories.length).toBeGreaterThan(0);
    for (const { mode } of directories) expect(mode).toBe(0o700);
  });

  it.skipIf(process.getuid?.() !== 0)("belong to the directory's owner when an operator writes as root", async () => {
    const NOBODY = 65_534;
    await write(1);
    for (const { path } of await everything()) await chown(path, NOBODY, NOBODY);
    await write(2);
    expect((await everything()).map(({ uid }) => uid)).toEqual((await everything()).map(() => NOBODY));
  });
});
