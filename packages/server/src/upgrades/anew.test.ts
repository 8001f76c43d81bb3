import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { type Build, Fleet, moreService } from '../testing/upgrades/fleet.js';
import { Load } from '../testing/upgrades/load.js';

const IDS = ['r1', 'r2', 'r3'];
const SETTINGS = {
  leaseMs: 4000,
  release: 'acknowledged',
  methods: [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true }],
  budgets: { totalBytes: 128 * 1024 * 1024 },
};

let fleet: Fleet;
let load: Load;
/** How many calls were answered first whose orders the client knows to be stable. */
let settled = 0;
afterEach(async () => {
  await load.end();
  await understudyClient(load.client).close();
  await fleet.end();
});

/** A group of three under load, by a client that stays. @returns where its replicas are */
async function begin(build: Build, carrier: 'stream' | 'rpc'): Promise<(id: string) => string> {
  fleet = new Fleet(memoryCoordinator());
  await fleet.startAll(build);
  const addresses = new Map([...fleet.nodes].map(([id, { address }]) => [id, address]));
  const { serviceConfig, logger } = fleet.stage;
  load = new Load([...addresses.values()], replicated({ serviceConfig, logger, carrier }));
  await expect(load.call(moreService.Bump, 'early')).rejects.toMatchObject({ code: 12 });
  load.begin(3);
  await load.more(60);
  settled = load.answered.length;
  const { processedUpTo } = fleet.primary?.status ?? { processedUpTo: 0 };
  await fleet.stage.until(() => (fleet.primary?.status.stableUpTo ?? 0) >= processedUpTo);
  // The replies to calls that begin now say so.
  await load.more(12);
  return (id) => addresses.get(id) ?? '';
}

/** The group has another state, and is otherwise well: everything is as the new build says. */
async function expectNewHistory(after: Build): Promise<void> {
  await fleet.whole();
  await load.more(60);
  await expect(load.call(moreService.Bump, 'late')).resolves.toBeGreaterThan(0);
  await load.end();
  const { primary, stage } = fleet;
  expect(load.failed).toEqual([]);
  expect(JSON.parse(primary?.status.settings ?? '{}')).toMatchObject(after.settings ?? {});
  await stage.until(() => primary?.status.members.length === IDS.length);
  expect(primary?.status.members).toEqual(IDS.map((id) => ({ id, version: after.version, waitsWith: [] })));
  // What was answered in the last history is gone with its state, except for the last calls: the client keeps those until
  // it knows that they are stable, and the new history executes them. Nothing of the new one is gone or happened twice.
  const ids = primary?.counter.ids ?? [];
  expect(new Set(ids).size).toBe(ids.length);
  const { mark = 0 } = after;
  const byNewCode = load.answered.filter((_id, i) => (Number(load.values[i]) - mark) % 1 === 0);
  expect(byNewCode.length).toBeGreaterThan(0);
  expect(byNewCode.filter((id) => !ids.includes(id))).toEqual([]);
  expect(load.answered.slice(0, settled).filter((id) => ids.includes(id))).toEqual([]);
  if (after.settings?.replication === 'semi-active') {
    await stage.until(() => [...fleet.nodes.values()].every(({ counter }) => counter.ids.length === ids.length));
    for (const { counter } of fleet.nodes.values()) expect(counter.ids).toEqual(ids);
  }
  expect(stage.logged.filter((line) => line.includes('UNDERSTUDY_DIVERGED'))).toEqual([]);
}

describe('a group of which all replicas are stopped at once, and started with other code, another method and other settings', () => {
  it.each([
    ['semi-active', 'semi-active', 'stream', 'one after the other'],
    ['passive', 'passive', 'rpc', 'one after the other'],
    ['semi-active', 'passive', 'rpc', 'all at once'],
    ['passive', 'semi-active', 'stream', 'all at once'],
  ] as const)(
    'begins a new history, and its clients go on: %s before, %s afterwards, carrier %s, started %s',
    async (was, is, carrier, how) => {
      const addressOf = await begin({ version: '1', settings: { replication: was } }, carrier);
      await Promise.all(IDS.map((id) => fleet.leave(id)));
      expect(fleet.record?.ended).toBe(true);
      const after: Build = { version: '2', mark: 0.5, more: true, settings: { ...SETTINGS, replication: is } };
      const start = (id: string) => fleet.start(id, after, addressOf(id));
      if (how === 'all at once') await Promise.all(IDS.map(start));
      else for (const id of ['r2', 'r1', 'r3']) await start(id);
      await expectNewHistory(after);
      const said = fleet.stage.logged.filter((line) => line.startsWith('warn this replica begins a new history'));
      // Of several that begin at once, the others find that one was faster.
      expect(said.length).toBeGreaterThan(0);
      expect(fleet.record?.adoptedThrough.at(-1)).toMatchObject({ through: 0 });
    },
  );

  it('waits for an operator if it was killed, and begins with what that one forces', async () => {
    const addressOf = await begin({ version: '1' }, 'stream');
    for (const id of IDS) fleet.crash(id);
    const after: Build = { version: '2', mark: 0.5, more: true, settings: { ...SETTINGS, replication: 'semi-active' } };
    const started = IDS.map((id) => fleet.start(id, after, addressOf(id)));
    const { stage } = fleet;
    // Each of them, though they all reach each other.
    for (const id of IDS) {
      await stage.until(() =>
        stage.logged.some((line) => line.includes(`understudy force --group counters --replica ${id}`)),
      );
    }
    await stage.force('r2');
    await Promise.all(started);
    await expectNewHistory(after);
  });
});
