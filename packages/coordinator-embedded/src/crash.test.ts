import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Coordinator, Epoch } from '@understudy/core';
import { next } from '@understudy/core/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedCoordinator } from './embedded.js';
import { groupDirectory } from './files/file-names.js';
import { EPOCHS_KEPT, RecordFiles } from './files/record-files.js';
import { Child } from './testing/child.js';
import { sampleMember, sampleRecord } from './testing/sample-records.js';

const GROUP = 'bank';
let dir: string;
let coordinator: Coordinator;
const children: Child[] = [];

function start(program: string, ...args: (string | number)[]): Child {
  const child = new Child(program, [dir, GROUP, ...args.map(String)]);
  children.push(child);
  return child;
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  coordinator = embeddedCoordinator(dir)(GROUP);
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await coordinator.close();
  await rm(dir, { recursive: true });
});

describe('processes that race to change the record', () => {
  it('win each epoch exactly once between them, up to the last epoch', async () => {
    const racers = [1, 2, 3, 4].map((number) => start('racer', number, 200));
    expect(await Promise.all(racers.map((racer) => racer.ended))).toEqual([0, 0, 0, 0]);
    const lines = racers.flatMap((racer) => racer.lines);
    const won = lines.filter((line) => line !== 'unknown').map(Number);
    expect(new Set(won).size).toBe(won.length);
    // A racer does not claim a change if the others got EPOCHS_KEPT ahead while it was making it.
    expect(won.length + lines.filter((line) => line === 'unknown').length).toBeGreaterThanOrEqual(200);
    expect(won.length).toBeLessThanOrEqual(200);
    expect(Math.max(...won)).toBeLessThanOrEqual(200);
    expect((await coordinator.read())?.epoch).toBe(200);
    expect(await readdir(join(dir, groupDirectory(GROUP)))).toHaveLength(EPOCHS_KEPT);
  });
});

describe('a process that is killed while it changes the record', () => {
  it('leaves a readable record that holds every change it reported, and that others can change', async () => {
    let last = 0;
    for (let life = 1; life <= 12; life++) {
      const racer = start('racer', life, Number.MAX_SAFE_INTEGER);
      await racer.printed(1 + Math.floor(Math.random() * 12));
      await racer.kill();
      const record = await coordinator.read();
      if (record === undefined) throw new Error('the record is gone');
      const reported = Math.max(...racer.lines.map(Number));
      expect(record.epoch).toBeGreaterThanOrEqual(reported);
      // The change that was under way may have taken effect too.
      expect(record.epoch).toBeLessThanOrEqual(reported + 1);
      expect(record.epoch).toBeGreaterThan(last);
      const after = await coordinator.compareAndSwap(record.epoch, sampleRecord(GROUP, next(record.epoch)));
      expect(after).toEqual({ kind: 'swapped' });
      last = record.epoch + 1;
    }
    const files = await readdir(join(dir, groupDirectory(GROUP)));
    expect(files.filter((file) => file.startsWith('tmp-'))).toEqual([]);
  });

  it('never shows a watching process a record that is damaged or older than the one before', async () => {
    const epochs: number[] = [];
    const problems: Error[] = [];
    coordinator.watch(
      (record) => epochs.push(record.epoch),
      (error) => problems.push(error),
    );
    for (let life = 1; life <= 4; life++) {
      const racer = start('racer', life, Number.MAX_SAFE_INTEGER);
      await racer.printed(5);
      await racer.kill();
    }
    expect((await coordinator.read())?.epoch).toBeGreaterThanOrEqual(20);
    expect(problems).toEqual([]);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
  });
});

describe('the next change', () => {
  it('removes files that dead processes left half-written, but not those of a live process', async () => {
    const child = start('racer', 1, 1);
    await child.ended;
    const path = join(dir, groupDirectory(GROUP));
    const [dead, earlier, alive] = [child.process.pid, process.pid, process.ppid].map((pid) => `tmp-${pid}-x`);
    for (const file of [dead, earlier, alive]) await writeFile(join(path, `${file}`), 'half a rec');
    expect(await coordinator.compareAndSwap(1 as Epoch, sampleRecord(GROUP, 2))).toEqual({ kind: 'swapped' });
    expect((await readdir(path)).sort()).toEqual(['record-1.json', 'record-2.json', alive]);
  });
});

describe('a writer that slept while others overtook it', () => {
  it('does not claim an epoch whose file was removed meanwhile', async () => {
    const writer = embeddedCoordinator(dir)(GROUP);
    for (let epoch = 1; epoch <= 3; epoch++)
      await writer.compareAndSwap((epoch - 1) as Epoch, sampleRecord(GROUP, epoch));
    const sleeper = new RecordFiles(join(dir, groupDirectory(GROUP)), GROUP);
    // It sees epoch 3; before it goes on, others come to an epoch whose successors pushed 3 and 4 out.
    const seen = sleeper.newest.bind(sleeper);
    sleeper.newest = async () => {
      const record = await seen();
      sleeper.newest = seen;
      const last = 4 + EPOCHS_KEPT;
      for (let epoch = 4; epoch <= last; epoch++) {
        await writer.compareAndSwap((epoch - 1) as Epoch, sampleRecord(GROUP, epoch));
      }
      return record;
    };
    await expect(sleeper.swap(3 as Epoch, sampleRecord(GROUP, 4, 9))).rejects.toMatchObject({
      code: 'UNDERSTUDY_COORDINATOR',
    });
    expect(await coordinator.read()).toEqual(sampleRecord(GROUP, 4 + EPOCHS_KEPT));
    expect(await readdir(join(dir, groupDirectory(GROUP)))).not.toContain('record-4.json');
    await writer.close();
  });
});

describe('an announced replica', () => {
  const present = async () => (await coordinator.present()).map((presence) => presence.member.id);

  it('is listed until its process is killed, and the next announcement removes its file', async () => {
    const [first, second] = [start('presenter', 1, 'h:1'), start('presenter', 2, 'h:2')];
    await Promise.all([first.printed(1), second.printed(1)]);
    expect(await present()).toEqual(['replica-1', 'replica-2']);
    await first.kill();
    expect(await present()).toEqual(['replica-2']);
    await coordinator.announce({ member: sampleMember(3), address: 'h:3' });
    expect(await present()).toEqual(['replica-2', 'replica-3']);
    expect(await readdir(join(dir, groupDirectory(GROUP)))).toHaveLength(2);
  });

  it('is forgotten when its process ends by itself because only the coordinator is left', async () => {
    const child = start('presenter', 1, 'h:1');
    await child.printed(1);
    child.process.stdin?.end();
    expect(await child.ended).toBe(0);
    expect(await readdir(join(dir, groupDirectory(GROUP)))).toEqual([]);
  });
});
