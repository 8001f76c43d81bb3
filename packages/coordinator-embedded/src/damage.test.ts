import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Coordinator, Epoch, GroupRecord } from '@understudy/core';
import { recordToJson } from '@understudy/core/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedCoordinator } from './embedded.js';
import { groupDirectory, recordFile } from './files/file-names.js';
import { embeddedGroups } from './groups.js';
import { sampleMember, sampleRecord } from './testing/sample-records.js';

const GROUP = 'bank';
let dir: string;
let path: string;
let coordinator: Coordinator;
let others: Coordinator[];

const write = (file: string, text: string): Promise<void> => writeFile(join(path, file), text);
const fresh = (): Coordinator => {
  const opened = embeddedCoordinator(dir)(GROUP);
  others.push(opened);
  return opened;
};
const DAMAGED = { code: 'UNDERSTUDY_RECORD_DAMAGED' };
const UNUSABLE = { code: 'UNDERSTUDY_COORDINATOR' };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  path = join(dir, groupDirectory(GROUP));
  coordinator = embeddedCoordinator(dir)(GROUP);
  others = [];
  for (const epoch of [1, 2]) {
    const created = await coordinator.compareAndSwap((epoch - 1) as Epoch, sampleRecord(GROUP, epoch));
    expect(created).toEqual({ kind: 'swapped' });
  }
});
afterEach(async () => {
  await Promise.all([coordinator, ...others].map((each) => each.close()));
  await rm(dir, { recursive: true });
});

describe('a newest record that cannot be read', () => {
  const whole = recordToJson(sampleRecord(GROUP, 2));

  it.each([
    ['is empty', ''],
    ['is cut off', whole.slice(0, -5)],
    ['is all zeros', '\0'.repeat(whole.length)],
    ['is not a record', '{"hello":"world"}'],
    ['has a newer version', whole.replace('"version":1', '"version":2')],
    ['holds another epoch', whole.replace('"epoch":2', '"epoch":3')],
    ['belongs to another group', whole.replace('"group":"bank"', '"group":"shop"')],
    ['is larger than any record', ' '.repeat(1_048_577)],
  ])('is reported with its path, and neither skipped nor overwritten, when it %s', async (_what, text) => {
    await write(recordFile(2), text);
    for (const reader of [coordinator, fresh()]) {
      await expect(reader.read()).rejects.toMatchObject(DAMAGED);
      await expect(reader.read()).rejects.toThrow(join(path, recordFile(2)));
      const swap = await reader.compareAndSwap(2 as Epoch, sampleRecord(GROUP, 3));
      expect(swap).toMatchObject({ kind: 'unknown', cause: DAMAGED });
    }
    expect(await readFile(join(path, recordFile(2)), 'utf8')).toBe(text);
    expect((await readdir(path)).sort()).toEqual([recordFile(1), recordFile(2)]);
  });

  it('is reported to a watch once, and the watch goes on after a repair', async () => {
    await truncate(join(path, recordFile(2)), 0);
    const problems: Error[] = [];
    const record = await new Promise<GroupRecord>((resolve) => {
      fresh().watch(resolve, (error) => {
        problems.push(error);
        void write('repaired', whole).then(() => rename(join(path, 'repaired'), join(path, recordFile(2))));
      });
    });
    expect(record).toEqual(sampleRecord(GROUP, 2));
    expect(problems).toMatchObject([DAMAGED]);
  });

  it('is lost to a watch when it is older than a record that this process saw, because somebody removed files', async () => {
    const lost = new Promise<unknown>((tell, failed) => {
      coordinator.watch(() => void rm(join(path, recordFile(2)), { force: true }), failed, tell);
    });
    expect(await lost).toBeUndefined();
    expect(await coordinator.read()).toEqual(sampleRecord(GROUP, 1));
    expect(await coordinator.putBack(sampleRecord(GROUP, 2))).toEqual({ kind: 'swapped' });
    expect(await fresh().read()).toEqual(sampleRecord(GROUP, 2));
  });

  it('gives way to a record that is put back, and is set aside', async () => {
    await write(recordFile(2), 'garbage');
    expect(await coordinator.putBack(sampleRecord(GROUP, 2))).toEqual({ kind: 'swapped' });
    expect(await fresh().read()).toEqual(sampleRecord(GROUP, 2));
    const aside = (await readdir(path)).find((file) => file.startsWith('damaged-')) ?? '';
    expect(await readFile(join(path, aside), 'utf8')).toBe('garbage');
  });
});

describe('a directory with other files', () => {
  it.each(['record-3.json.bak', 'record-03.json', 'record-.json', 'record-99999999999999999999.json'])(
    'is unusable, and the error names the file, when a record has a name that Understudy does not give: %s',
    async (file) => {
      await write(file, recordToJson(sampleRecord(GROUP, 3)));
      await expect(coordinator.read()).rejects.toMatchObject(UNUSABLE);
      await expect(coordinator.read()).rejects.toThrow(join(path, file));
    },
  );

  it('works as usual, and the other files stay, when they are none of Understudy’s', async () => {
    for (const file of ['.DS_Store', 'README', 'tmp-x', 'presence-notes.txt']) await write(file, 'hello');
    expect(await coordinator.compareAndSwap(2 as Epoch, sampleRecord(GROUP, 3))).toEqual({ kind: 'swapped' });
    expect(await coordinator.present()).toEqual([]);
    await coordinator.announce({ member: sampleMember(1), address: 'h:1' });
    expect(await readdir(path)).toHaveLength(3 + 4 + 1);
  });

  it('is unusable when a directory stands in a record’s place', async () => {
    await mkdir(join(path, recordFile(3)));
    await expect(coordinator.read()).rejects.toMatchObject(UNUSABLE);
  });

  it.each(['', '{', 'null', '{"version":1,"id":"replica-1"}'])(
    'has readable records, but an error names the presence file that says nothing: %j',
    async (text) => {
      await write('presence-x.json', text);
      await expect(coordinator.present()).rejects.toMatchObject(UNUSABLE);
      await expect(coordinator.present()).rejects.toThrow(join(path, 'presence-x.json'));
      expect(await coordinator.read()).toEqual(sampleRecord(GROUP, 2));
    },
  );

  it('does not list a replica whose process number now belongs to another process', async () => {
    const { id, incarnation } = sampleMember(1);
    const entry = { version: 1, id, incarnation, address: 'h:1', pid: process.pid };
    await write('presence-x.json', JSON.stringify({ ...entry, started: '1' }));
    expect(await coordinator.present()).toEqual([]);
    await write('presence-x.json', JSON.stringify(entry));
    expect(await coordinator.present()).toEqual([{ member: sampleMember(1), address: 'h:1' }]);
  });
});

describe('a directory that cannot be used', () => {
  it('is named in an error with the system’s code when it is a file', async () => {
    await rm(path, { recursive: true });
    await writeFile(path, '');
    for (const call of [() => fresh().read(), () => fresh().present()]) {
      await expect(call()).rejects.toMatchObject(UNUSABLE);
      await expect(call()).rejects.toThrow(/ENOTDIR/);
    }
    const swap = await fresh().compareAndSwap(0 as Epoch, sampleRecord(GROUP, 1));
    expect(swap).toMatchObject({ kind: 'unknown', cause: UNUSABLE });
  });

  it.skipIf(process.getuid?.() === 0)('is reported when it may not be read', async () => {
    await chmod(path, 0o000);
    await expect(fresh().read()).rejects.toMatchObject(UNUSABLE);
    await chmod(path, 0o700);
  });
});

describe('embeddedGroups', () => {
  it('lists the groups that have a record, by their full names', async () => {
    const names = ['Bank/é', 'x'.repeat(500), 'x"\\'.repeat(200)];
    for (const name of names) await embeddedCoordinator(dir)(name).compareAndSwap(0 as Epoch, sampleRecord(name, 1));
    await embeddedCoordinator(dir)('shop').announce({ member: sampleMember(1), address: 'h:1' });
    await writeFile(join(dir, 'README'), '');
    expect(await embeddedGroups(dir)).toEqual([GROUP, ...names].sort());
  });

  it('rejects when there is no directory', async () => {
    await expect(embeddedGroups(join(dir, 'nowhere'))).rejects.toMatchObject(UNUSABLE);
  });
});
