/** Handlers that wait, one at a time and many at once: the waits overlap. */
import type { Stage } from '../../processes/stage.js';
import type { Finding } from '../attempts.js';
import { inRounds, type VariantRounds } from '../in-rounds.js';
import { profiled } from '../profiled.js';
import type { Bench } from '../settings.js';
import { endLoad, isWhole, openSite, type Site } from '../site.js';
import { type Stretch, untilWarm, watch } from '../stretch.js';
import type { Variant } from '../variants.js';

/** How long each handler waits. */
export const WAIT_MS = 5;
const WARM_CALLS = 2_000;
const SETTLE_SECONDS = 0.5;

/** Calls whose handlers wait for a timer or for an effect, one at a time and as many as the settings say. */
export interface WaitsTurn {
  readonly timer: Waited;
  readonly once: Waited;
}

export interface Waited {
  readonly one: Stretch;
  readonly many: Stretch;
}

export const measureWaits = (
  bench: Bench,
  variants: readonly Variant[],
): Promise<readonly VariantRounds<WaitsTurn>[]> => inRounds(bench, variants, ' of waits', measureTurn);

async function measureTurn(stage: Stage, bench: Bench, variant: Variant): Promise<Finding<WaitsTurn>> {
  const site = await openSite(stage, variant, { replicas: bench.settings.replicas });
  const timer = await waited(stage, bench, site, variant, false);
  const once = await waited(stage, bench, site, variant, true);
  return { result: { timer, once }, whole: await isWhole(site) };
}

async function waited(stage: Stage, bench: Bench, site: Site, variant: Variant, once: boolean): Promise<Waited> {
  const { seconds, warmUpSeconds, inFlight } = bench.settings;
  const asked = { waitMs: WAIT_MS, once };
  const name = `${variant.name} ${once ? 'once' : 'timer'}`;
  await site.driver.ask('load', inFlight, asked);
  await untilWarm(stage, site, warmUpSeconds, WARM_CALLS);
  const many = await profiled(bench, site, name, () => watch(stage, site, seconds));
  await endLoad(stage, site);
  await site.driver.ask('load', 1, asked);
  await stage.pass(SETTLE_SECONDS);
  const one = await watch(stage, site, seconds);
  await endLoad(stage, site);
  return { one, many };
}
