/** Throughput at full load, and latency at one call in flight. */
import type { Stage } from '../processes/stage.js';
import type { Finding } from './attempts.js';
import { type Counted, inRounds, type VariantRounds } from './in-rounds.js';
import { profiled } from './profiled.js';
import type { Bench } from './settings.js';
import { endLoad, isWhole, openSite } from './site.js';
import { type Stretch, warmUp, watch } from './stretch.js';
import type { Variant } from './variants.js';

/** Time between full load and one call in flight, until what full load left behind is gone. */
const SETTLE_SECONDS = 0.5;

/** The measurements of one variant in one round. */
export interface Turn {
  /** At full load. */
  readonly throughput?: Stretch;
  /** At one call in flight. */
  readonly latency?: Stretch;
}

export type CountedTurn = Counted<Turn>;
export type VariantTurns = VariantRounds<Turn>;

export const measureRounds = (bench: Bench, variants: readonly Variant[]): Promise<readonly VariantTurns[]> =>
  inRounds(bench, variants, '', measureTurn);

async function measureTurn(stage: Stage, bench: Bench, variant: Variant): Promise<Finding<Turn>> {
  const { only, inFlight, replicas, seconds, warmUpSeconds } = bench.settings;
  const site = await openSite(stage, variant, { replicas });
  await warmUp(stage, site, inFlight, warmUpSeconds);
  let turn: Turn = {};
  if (only.includes('throughput'))
    turn = { throughput: await profiled(bench, site, `${variant.name} full`, () => watch(stage, site, seconds)) };
  await endLoad(stage, site);
  if (!only.includes('latency')) return { result: turn, whole: await isWhole(site) };

  await site.driver.ask('load', 1);
  await stage.pass(SETTLE_SECONDS);
  turn = { ...turn, latency: await profiled(bench, site, `${variant.name} one`, () => watch(stage, site, seconds)) };
  await endLoad(stage, site);
  return { result: turn, whole: await isWhole(site) };
}
