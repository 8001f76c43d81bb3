/** Goodput at one, two and four times the load that the service can serve. */
import type { Latencies } from '../ipc/commands.js';
import type { Stage } from '../processes/stage.js';
import type { Finding } from './attempts.js';
import { inRounds, type VariantRounds } from './in-rounds.js';
import type { Bench } from './settings.js';
import { endLoad, isWhole, openSite } from './site.js';
import { untilWarm, watch } from './stretch.js';
import type { Variant } from './variants.js';

/** The offered loads, as multiples of the service's capacity: the rate that it serves with a bounded number of calls in flight. */
export const TIMES = [1, 2, 4] as const;
/** Enough work that the service is the limit, and neither the client, which shares the cores, nor what a refusal costs. */
const WORK = 2_000_000;
export const DEADLINE_MS = 1_000;
const WARM_CALLS = 500;
/** How long the queue takes to reach its full length. */
const SETTLE_SECONDS = 2;

export interface Offered {
  readonly times: number;
  readonly offeredPerSecond: number;
  readonly answeredPerSecond: number;
  readonly refusedPerSecond: number;
  readonly latePerSecond: number;
  /** Calls that ended with another status: the bare service drops connections on which many calls are late. */
  readonly failedPerSecond: number;
  readonly failure: string | undefined;
  /** Latencies of the answered calls. */
  readonly latencies: Latencies;
}

/** The measurements of one variant in one round. */
export interface OverloadTurn {
  readonly capacity: number;
  readonly offered: readonly Offered[];
}

export const measureOverload = (
  bench: Bench,
  variants: readonly Variant[],
): Promise<readonly VariantRounds<OverloadTurn>[]> => inRounds(bench, variants, ' of overload', measureTurn);

async function measureTurn(stage: Stage, bench: Bench, variant: Variant): Promise<Finding<OverloadTurn>> {
  const { replicas, seconds, warmUpSeconds, inFlight } = bench.settings;
  const site = await openSite(stage, variant, { replicas });
  const { driver } = site;
  await driver.ask('load', inFlight, { work: WORK });
  await untilWarm(stage, site, warmUpSeconds, WARM_CALLS);
  const { callsPerSecond: capacity } = await watch(stage, site, seconds);
  await endLoad(stage, site);
  const offered: Offered[] = [];
  for (const times of TIMES) {
    await driver.ask('openLoad', times * capacity, { work: WORK }, DEADLINE_MS);
    await stage.pass(SETTLE_SECONDS);
    const begin = await stage.until('the driver answers', driver.ask('openMark'));
    await stage.pass(seconds);
    const { atMs, answered, refused, late, failures, failure, latencies } = await stage.until(
      'the driver answers',
      driver.ask('openMark'),
    );
    await stage.until('all calls have ended', driver.ask('endOpenLoad'));
    const perSecond = (count: number): number => (count * 1_000) / (atMs - begin.atMs);
    offered.push({
      times,
      offeredPerSecond: times * capacity,
      answeredPerSecond: perSecond(answered),
      refusedPerSecond: perSecond(refused),
      latePerSecond: perSecond(late),
      failedPerSecond: perSecond(failures),
      failure,
      latencies,
    });
  }
  await site.group?.agree(stage, 0);
  return { result: { capacity, offered }, whole: await isWhole(site) };
}
