import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedCoordinator, memoryCoordinator } from '@understudy/coordinator-embedded';
import { NoticedLate } from '@understudy/coordinator-embedded/testing';
import type { GroupRecord } from '@understudy/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const GROUP = 'counters';

let stage: Stage;
const dirs: string[] = [];
afterEach(async () => {
  await stage.end();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A group whose record is in a directory. */
function inDirectory(settings: Record<string, unknown> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'understudy-lost-'));
  dirs.push(dir);
  const { faults } = memoryCoordinator();
  stage = new Stage(Object.assign(embeddedCoordinator(dir), { faults }), settings);
  return dir;
}

const recordNow = (): Promise<GroupRecord | undefined> => stage.coordinator(GROUP).read();

async function untilRecord(is: (record: GroupRecord | undefined) => boolean): Promise<void> {
  let record = await recordNow();
  while (!is(record)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    record = await recordNow();
  }
}

/** Nobody but one serves, and it has everything. */
async function isOneHistory(primary: Node, value: number, crashed?: Node): Promise<void> {
  const serving = stage.nodes.filter((node) => node !== crashed && node.status.role === 'primary');
  expect(serving.map(({ address }) => address)).toEqual([primary.address]);
  expect(await primary.add('a', 0)).toEqual({ error: null, value });
}

describe('a record that is deleted under a living group', () => {
  it('is put back by the primary, and each presence by its replica, and the group goes on', async () => {
    const dir = inDirectory();
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    const before = await recordNow();
    for (const group of readdirSync(dir)) rmSync(join(dir, group), { recursive: true });
    await untilRecord((record) => record !== undefined);
    expect(await recordNow()).toEqual(before);
    expect(stage.logged.join()).toContain("error the coordinator has lost the group's record");
    const coordinator = stage.coordinator(GROUP);
    while ((await coordinator.present()).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await stage.until(() => backup.status.blocked === undefined && primary.status.blocked === undefined);
    const third = await stage.start('r3');
    expect(third.status.inSync).toHaveLength(3);
    await isOneHistory(primary, 1);
  });

  it('is not founded anew by a replica that starts before the others have noticed that their directory is gone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'understudy-lost-'));
    dirs.push(dir);
    // Nobody notices by looking.
    const noticed = new NoticedLate(embeddedCoordinator(dir, { pollMs: 15_000 }));
    stage = new Stage(Object.assign(noticed.factory, { faults: memoryCoordinator().faults }));
    const [primary] = (await stage.startGroup(3)) as [Node];
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    const late = await stage.bind('late');
    const roles: string[] = [];
    late.replica.on('role', ({ role }) => roles.push(role));
    for (const group of readdirSync(dir)) rmSync(join(dir, group), { recursive: true });
    noticed.deleted();
    await late.start();
    expect(roles).toEqual(['backup']);
    expect(late.status).toMatchObject({ role: 'backup', primary: primary.status.primary });
    expect(stage.logged.join()).toContain("error the coordinator has lost the group's record");
    await isOneHistory(primary, 1);
  });

  it('is not founded anew by a replica that starts meanwhile', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    backup.crash();
    stage.coordinator.faults.replaceRecord(GROUP, undefined);
    await stage.start('r2');
    await isOneHistory(primary, 1);
  });

  it('is waited for when its primary is gone, which is logged once; when it is back, the group goes on', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, second, third] = (await stage.startGroup(3)) as [Node, Node, Node];
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    const record = await recordNow();
    primary.crash();
    stage.coordinator.faults.replaceRecord(GROUP, undefined, false);
    const restarted = await stage.bind('r1');
    const started = restarted.start();
    await stage.until(() => /has no record of group counters, but r2/.test(restarted.status.blocked ?? ''));
    await stage.until(() => stage.logged.filter((line) => line.includes('nobody takes its place')).length === 2);
    for (const node of [second, third]) {
      expect(node.status).toMatchObject({ role: 'backup' });
      expect(node.status.blocked).toContain('understudy restore --group counters --replica');
    }
    expect(stage.logged.filter((line) => line.includes('this replica claims'))).toEqual([]);
    stage.coordinator.faults.replaceRecord(GROUP, record);
    await started;
    const serving = [second, third].find((node) => node.status.role === 'primary') as Node;
    await isOneHistory(serving, 1, primary);
  });

  it('is put back by a backup whose coordinator still knows what it said', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const [primary, second, third] = (await stage.startGroup(3)) as [Node, Node, Node];
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    primary.crash();
    stage.coordinator.faults.replaceRecord(GROUP, undefined);
    await stage.until(() => [second, third].some((node) => node.status.role === 'primary'));
    const serving = [second, third].find((node) => node.status.role === 'primary') as Node;
    await isOneHistory(serving, 1, primary);
  });
});

describe('a record that is rolled back or written over', () => {
  it('is replaced by the record that the primary knows', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1');
    const old = await recordNow();
    await stage.start('r2');
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    const before = await recordNow();
    stage.coordinator.faults.replaceRecord(GROUP, old, false);
    await untilRecord((record) => record?.epoch === before?.epoch);
    expect(await recordNow()).toEqual(before);
    await isOneHistory(primary, 1);
  });

  it('of the same epoch gives way to a later one', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1');
    await stage.start('r2');
    const before = (await recordNow()) as GroupRecord;
    stage.coordinator.faults.replaceRecord(GROUP, { ...before, secret: 'of a stranger' }, false);
    await untilRecord((record) => record?.epoch === before.epoch + 1);
    expect(await recordNow()).toMatchObject({ secret: before.secret, inSync: before.inSync });
    await isOneHistory(primary, 0);
  });

  it.each([
    ['garbage', () => '{"version":1,'],
    ["another group's", (record: string) => record.replace(`"group":"${GROUP}"`, '"group":"shop"')],
  ])('by %s is put back, and the garbage is kept aside', async (_what, spoilt) => {
    const dir = inDirectory();
    const primary = await stage.start('r1');
    await stage.start('r2');
    const before = (await recordNow()) as GroupRecord;
    const place = join(dir, readdirSync(dir)[0] ?? '');
    const newest =
      readdirSync(place)
        .filter((file) => file.startsWith('record-'))
        .sort()
        .at(-1) ?? '';
    writeFileSync(join(place, newest), spoilt(JSON.stringify(before)));
    while (!readdirSync(place).some((file) => file.startsWith('damaged-'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await untilRecord((record) => record !== undefined && record.epoch >= before.epoch);
    await stage.start('r3');
    await isOneHistory(primary, 0);
  });
});
