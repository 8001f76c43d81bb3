import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { SHORT_LEASE_MS, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

const waits = (): string[] => stage.logged.filter((line) => line.startsWith('warn this replica waits'));

describe('a group whose replicas are all gone', () => {
  it('is waited for, and a warning and the status say what to do', async () => {
    stage = new Stage(memoryCoordinator());
    (await stage.start('r1')).crash();
    const again = await stage.bind('r1');
    let settled = false;
    const starting = again.start().finally(() => {
      settled = true;
    });
    await stage.until(() => waits().length > 0);
    expect(settled).toBe(false);
    expect(waits()[0]).toContain('understudy force --group counters --replica r1');
    expect(again.status).toMatchObject({ role: 'joining' });
    expect(again.status.blocked).toContain('r1 before it was restarted');
    await stage.force('r1');
    await starting;
    expect(again.status).toMatchObject({ role: 'primary', blocked: undefined });
  });

  it('is not waited for beyond the limit that the user set, nor if the user says so', async () => {
    stage = new Stage(memoryCoordinator());
    (await stage.start('r1')).crash();
    const limited = await stage.bind('r2', { startTimeoutMs: 300 });
    await expect(limited.start()).rejects.toThrow(/^UNDERSTUDY_BLOCKED: not started within 300 ms: .*understudy force/);
    const aborted = await stage.bind('r3');
    const controller = new AbortController();
    const starting = aborted.replica.start({ address: aborted.address, signal: controller.signal });
    controller.abort();
    await expect(starting).rejects.toThrow('UNDERSTUDY_BLOCKED: start() was aborted');
  });

  it('begins anew in development, and says so', async () => {
    stage = new Stage(memoryCoordinator());
    const before = await stage.start('r1');
    await before.add('a', 5);
    before.crash();
    const again = await stage.start('r1', { development: true });
    expect(await again.add('b', 2)).toEqual({ error: null, value: 2 });
    expect(stage.logged.join()).toContain('warn this replica begins a new history');
  });

  it('begins anew when it was stopped on purpose, one replica after the other', async () => {
    stage = new Stage(memoryCoordinator());
    const [first, second] = await stage.startGroup(2);
    await stage.until(() => first?.status.inSync.length === 2);
    await first?.add('a', 5);
    expect(await first?.replica.stop()).toBe('r2');
    expect(await second?.replica.stop()).toBeUndefined();
    const again = await stage.start('r2');
    expect(stage.logged.join()).toContain('warn the last replica in sync stops; the group ends');
    expect(stage.logged.join()).toContain('warn this replica begins a new history');
    expect(await again.add('b', 2)).toEqual({ error: null, value: 2 });
  });
});

describe('the last replica in sync', () => {
  it('that is told to stop serves on until a replica that is catching up can take over', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const primary = await stage.start('r1');
    await primary.add('a', 5);
    let asked = false;
    let copied = (): void => {};
    const copy = primary.counter.checkpoint();
    primary.counter.checkpoint = () => {
      asked = true;
      return new Promise<Uint8Array>((resolve) => {
        copied = () => resolve(copy);
      }) as unknown as Uint8Array;
    };
    const learner = await stage.bind('r2');
    const starting = learner.start();
    await stage.until(() => asked);
    const stopping = primary.replica.stop();
    await stage.until(() => primary.status.leaving !== undefined);
    expect(primary.status.leaving).toContain('until r2 can take over');
    copied();
    await starting;
    expect(await stopping).toBe('r2');
    await stage.until(() => learner.status.role === 'primary');
    expect(await learner.add('b', 2)).toEqual({ error: null, value: 7 });
  });

  it('stops after the time that the user set although no replica can take over, and does not end the record', async () => {
    stage = new Stage(memoryCoordinator(), { leaseMs: SHORT_LEASE_MS });
    const primary = await stage.start('r1', { handOverMs: 500 });
    let asked = false;
    primary.counter.checkpoint = () => {
      asked = true;
      return new Promise<never>(() => {}) as never;
    };
    const learner = await stage.bind('r2', { startTimeoutMs: 20_000 });
    const starting = learner.start().catch(() => {});
    await stage.until(() => asked);
    expect(await primary.replica.stop()).toBeUndefined();
    expect(stage.logged.join()).toContain('error this replica stops although nobody could take over');
    expect((await stage.coordinator('counters').read())?.ended).toBe(false);
    await learner.replica.stop();
    await starting;
  });
});

describe('a coordinator that is away when a replica starts', () => {
  it('is waited for, with a warning', async () => {
    stage = new Stage(memoryCoordinator());
    stage.coordinator.faults.setReachable(false);
    const node = await stage.bind('r1');
    const starting = node.start();
    await stage.until(() => waits().length > 0);
    expect(waits()[0]).toContain('waits for the coordinator');
    expect(node.status.blocked).toContain('waits for the coordinator');
    stage.coordinator.faults.setReachable(true);
    await starting;
    expect(node.status.role).toBe('primary');
  });
});
