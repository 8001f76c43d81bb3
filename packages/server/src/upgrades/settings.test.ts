import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { FLEET_LEASE_MS, Fleet } from '../testing/upgrades/fleet.js';

let fleet: Fleet;
afterEach(() => fleet.end());

const READS = [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true }];

const logged = (what: string): string[] => fleet.stage.logged.filter((line) => line.includes(what));
const memberOf = (id: string, of: string) => fleet.node(of).status.members.find((member) => member.id === id);

describe('a replica that was given other settings', () => {
  it.each([
    ['a longer lease', { leaseMs: 4000 }, ['leaseMs', 'sessionMs']],
    ['a shorter lease', { leaseMs: 2000 }, ['leaseMs', 'sessionMs']],
    ['an entry more in methods', { methods: READS }, ['test.Counter/Get']],
    ['another release', { release: 'acknowledged' }, ['release']],
    ['another multicast', { multicast: 'destination' }, ['multicast']],
    ['another bound', { queueMax: 99, budgets: { keyedBytes: 70_000 } }, ['budgets.keyedBytes', 'queueMax']],
    ['another replication', { replication: 'passive' }, ['replication']],
  ])('joins with %s, says so once, and applies its own when it is primary', async (_what, settings, names) => {
    fleet = new Fleet(memoryCoordinator());
    const { stage } = fleet;
    const first = await fleet.start('r1', { version: '1' });
    const other = await fleet.start('r2', { version: '1', settings });
    await stage.until(() => first.status.inSync.length === 2 && first.status.members.length === 2);
    expect(await first.add('a', 1)).toEqual({ error: null, value: 1 });
    expect(memberOf('r2', 'r1')).toEqual({ id: 'r2', version: '1', waitsWith: names });
    expect(memberOf('r2', 'r2')?.waitsWith).toEqual(names);
    expect(JSON.parse(other.status.settings)).toMatchObject({ leaseMs: FLEET_LEASE_MS, replication: 'semi-active' });
    const told = logged("this replica's own settings wait");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^warn /);
    expect(told[0]).toContain(JSON.stringify(names.join(', ')));

    await first.replica.stop();
    await stage.until(() => other.status.role === 'primary');
    expect(JSON.parse(other.status.settings)).toMatchObject(settings);
    expect(memberOf('r2', 'r2')?.waitsWith).toEqual([]);
    expect(await other.add('b', 1)).toEqual({ error: null, value: 2 });
  });
});

it('replicas may have settings that are longer than what is read of a stranger', async () => {
  fleet = new Fleet(memoryCoordinator());
  const unreplicated = Array.from({ length: 1000 }, (_, i) => `a.service.with.a.long.name.of.its.own.Service${i}`);
  const first = await fleet.start('r1', { version: '1', unreplicated });
  await fleet.start('r2', { version: '1', unreplicated: unreplicated.slice(1) });
  await fleet.stage.until(() => first.status.members.length === 2);
  expect(memberOf('r2', 'r1')?.waitsWith).toEqual(['unreplicated']);
});

describe('replicas of different versions', () => {
  it('tell of each other, and of a new primary with another version', async () => {
    fleet = new Fleet(memoryCoordinator());
    const { stage } = fleet;
    const first = await fleet.start('r1', { version: '1' });
    const versions: string[] = [];
    first.replica.on('version', ({ primary, members }) => {
      versions.push(`${primary}: ${members.map(({ id, version }) => `${id} ${version}`).join()}`);
    });
    const other = await fleet.start('r2', { version: '2' });
    await stage.until(() => first.status.inSync.length === 2 && first.status.members.length === 2);
    expect(versions.at(-1)).toBe('r1: r1 1,r2 2');
    expect(other.status.version).toBe('2');
    const seen: string[] = [];
    other.replica.on('version', ({ primary, members }) => {
      seen.push(members.find(({ id }) => id === primary)?.version ?? '');
    });
    await first.replica.stop();
    await stage.until(() => other.status.role === 'primary');
    expect(seen).toContain('2');
    expect(logged('another replica runs another version of the service').length).toBeGreaterThan(0);
  });

  it('never execute the same message: one follows by copies, and takes over with the state of the other', async () => {
    fleet = new Fleet(memoryCoordinator());
    const { stage } = fleet;
    const first = await fleet.start('r1', { version: '1' });
    const other = await fleet.start('r2', { version: '2', mark: 0.5 });
    await stage.until(() => first.status.inSync.length === 2);
    for (const id of ['a', 'b', 'c']) await first.add(id, 1);
    await stage.until(() => other.status.heldUpTo === 3);
    expect(other.counter.users).toEqual([]);
    expect(other.counter.ids).toEqual([]);
    await first.replica.stop();
    await stage.until(() => other.status.role === 'primary');
    expect(await other.add('d', 1)).toEqual({ error: null, value: 4.5 });
    expect(other.counter.ids).toEqual(['a', 'b', 'c', 'd']);
    expect(logged('UNDERSTUDY_DIVERGED')).toEqual([]);
  });

  it('hand over however long the copy takes, and say so', async () => {
    fleet = new Fleet(memoryCoordinator());
    const { stage } = fleet;
    const first = await fleet.start('r1', { version: '1' });
    const other = await fleet.start('r2', { version: '2' });
    await stage.until(() => first.status.inSync.length === 2);
    await first.add('a', 1);
    const copied = first.counter.checkpoint();
    let finish: (copy: Uint8Array) => void = () => {};
    first.counter.checkpoint = () =>
      new Promise<Uint8Array>((resolve) => {
        finish = resolve;
      }) as never;
    const stopped = first.replica.stop();
    await stage.until(() => first.status.leaving !== undefined);
    expect(first.status.leaving).toBe('told to stop; r2 runs 2 and is given a copy of the state before it takes over');
    finish(copied);
    expect(await stopped).toBe('r2');
    await stage.until(() => other.status.role === 'primary');
    expect(other.counter.ids).toEqual(['a']);
  });

  it('go on from what the log has when the primary died without a copy for the other', async () => {
    fleet = new Fleet(memoryCoordinator());
    const { stage } = fleet;
    const first = await fleet.start('r1', { version: '1' });
    const other = await fleet.start('r2', { version: '2', mark: 0.5 });
    await stage.until(() => first.status.inSync.length === 2);
    for (const id of ['a', 'b']) await first.add(id, 1);
    await stage.until(() => other.status.heldUpTo === 2);
    first.crash();
    await stage.until(() => other.status.role === 'primary');
    expect(await other.add('c', 1)).toEqual({ error: null, value: 3.5 });
    expect(other.counter.ids).toEqual(['a', 'b', 'c']);
  });
});
