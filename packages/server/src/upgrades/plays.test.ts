import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { expect, it } from 'vitest';
import { Fleet } from '../testing/upgrades/fleet.js';
import { MixedLoad } from '../testing/upgrades/mixed-load.js';
import { CROSS, playUpgrade, upgradeOf } from '../testing/upgrades/play.js';

// By hand: UPGRADES=50 npx vitest run --project seeds packages/server/src/upgrades/plays.test.ts
const { UPGRADES = '3', UPGRADES_FROM = String(Math.floor(Math.random() * 1e9)) } = process.env;
const seeds = Array.from({ length: Number(UPGRADES) }, (_, i) => Number(UPGRADES_FROM) + i);

it('upgrades of seeds in a row have each order with each change in each style', () => {
  const kinds = Array.from({ length: CROSS }, (_, i) => upgradeOf(Number(UPGRADES_FROM) + i)).map(
    ({ order, changes, before }) => `${order}, ${changes}, ${before.settings?.replication}`,
  );
  expect(new Set(kinds).size).toBe(CROSS);
});

/** So long may one upgrade take on the busiest of machines. */
const MAX_MS = 90_000;

it.each(seeds)('an upgrade under load loses nothing and fails no call: UPGRADES=1 UPGRADES_FROM=%i', async (seed) => {
  const upgrade = upgradeOf(seed);
  const fleet = new Fleet(memoryCoordinator(), upgrade.ids);
  await fleet.startAll(upgrade.before);
  const { serviceConfig, logger } = fleet.stage;
  const load = new MixedLoad(
    [...fleet.nodes.values()].map(({ address }) => address),
    [replicated({ serviceConfig, logger }), replicated({ serviceConfig, logger, carrier: 'rpc' })],
  );
  load.begin(2);
  await load.more(40);
  const about = JSON.stringify(upgrade);
  let late: NodeJS.Timeout | undefined;
  const within = new Promise<void>((_, reject) => {
    late = setTimeout(() => {
      const states = [...fleet.nodes.values()].map(({ status }) => JSON.stringify({ ...status, settings: '' }));
      reject(new Error([about, ...load.failed, ...fleet.stage.logged.slice(-40), ...states].join('\n')));
    }, MAX_MS);
  });
  await Promise.race([playUpgrade(upgrade, fleet, load), within]).finally(() => clearTimeout(late));
  await load.end();
  const lost = fleet.stage.logged.filter((line) => line.includes('UNDERSTUDY_DIVERGED'));
  const ids = fleet.primary?.counter.ids ?? [];
  expect({ failed: load.failed, lost, wrong: load.disagreements(ids) }, about).toEqual({
    failed: [],
    lost: [],
    wrong: [],
  });
  expect(fleet.leastInSync, about).toBeGreaterThanOrEqual(upgrade.leastInSync);
  // All have the same build now: in a semi-active group each of them executes everything.
  if (upgrade.after.settings?.replication === 'semi-active') {
    await fleet.stage.until(() => [...fleet.nodes.values()].every(({ counter }) => counter.ids.length === ids.length));
    for (const { counter } of fleet.nodes.values()) expect(counter.ids, about).toEqual(ids);
  }
  for (const client of load.clients) await understudyClient(client).close();
  await fleet.end();
});
