import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { type Build, FLEET_LEASE_MS, Fleet, moreService } from '../testing/upgrades/fleet.js';
import { Load } from '../testing/upgrades/load.js';

let fleet: Fleet;
let load: Load;
afterEach(async () => {
  await load.end();
  await understudyClient(load.client).close();
  await fleet.end();
});

const READS = [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true }];

const NEW_SETTINGS = {
  leaseMs: 4000,
  release: 'acknowledged',
  methods: READS,
  budgets: { totalBytes: 128 * 1024 * 1024 },
};

/** Begins a group of three under load. */
async function begin(build: Build): Promise<void> {
  fleet = new Fleet(memoryCoordinator());
  await fleet.startAll(build);
  const { serviceConfig } = fleet.stage;
  load = new Load(
    [...fleet.nodes.values()].map(({ address }) => address),
    replicated({ serviceConfig, logger: fleet.stage.logger }),
  );
  load.begin(4);
  await load.more(50);
}

/** The order in which replicas are replaced: the primary is r1. */
const ORDERS = { 'backups first': ['r2', 'r3', 'r1'], 'the primary first': ['r1', 'r2', 'r3'] } as const;

/** Nothing was lost, nothing happened twice, and nobody had to leave the group. */
async function expectAllWell(): Promise<void> {
  await load.end();
  expect(load.failed).toEqual([]);
  expect(fleet.leastInSync).toBeGreaterThanOrEqual(2);
  expect(fleet.stage.logged.filter((line) => line.includes('UNDERSTUDY_DIVERGED'))).toEqual([]);
  const ids = fleet.primary?.counter.ids ?? [];
  expect(new Set(ids).size).toBe(ids.length);
  expect(load.answered.filter((id) => !ids.includes(id))).toEqual([]);
}

describe.each(['semi-active', 'passive'] as const)('a %s group under load', (replication) => {
  describe.each(Object.entries(ORDERS))('that is restarted one by one, %s,', (_name, order) => {
    it.each<[what: string, before: Build, after: Build]>([
      ['back to former settings', { version: '1', settings: NEW_SETTINGS }, { version: '1' }],
      [
        'with another handler, method and settings',
        { version: '1' },
        { version: '2', mark: 0.5, more: true, settings: NEW_SETTINGS },
      ],
    ])('%s loses nothing and fails no call', async (_what, before, after) => {
      await begin({ ...before, settings: { ...before.settings, replication } });
      for (const id of order) {
        await fleet.replace(id, { ...after, settings: { ...after.settings, replication } });
        await load.more(30);
      }
      await expectAllWell();
      expect(JSON.parse(fleet.primary?.status.settings ?? '{}')).toMatchObject(
        after.settings ?? { leaseMs: FLEET_LEASE_MS },
      );
      expect(fleet.primary?.status.version).toBe(after.version);
    });
  });
});

it.each([
  ['semi-active', 'passive'],
  ['passive', 'semi-active'],
])('a group goes from %s to %s under load by a rolling restart', async (before, after) => {
  await begin({ version: '1', settings: { replication: before } });
  for (const id of ['r2', 'r3', 'r1']) {
    await fleet.replace(id, { version: '1', settings: { replication: after } });
    await load.more(30);
  }
  await expectAllWell();
});

it('a method that the primary does not have yet is answered by the group, and no backup that has it executes it', async () => {
  await begin({ version: '1' });
  const later: Build = { version: '2', more: true };
  await fleet.replace('r2', later);
  await fleet.replace('r3', later);
  await expect(load.call(moreService.Bump, 'early')).rejects.toMatchObject({ code: 12 });
  await load.more(30);
  await fleet.replace('r1', later);
  await expect(load.call(moreService.Bump, 'late')).resolves.toBeGreaterThan(0);
  await expectAllWell();
  expect(fleet.primary?.counter.ids).not.toContain('early');
});
