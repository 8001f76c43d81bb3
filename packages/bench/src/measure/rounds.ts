/** Throughput at full load, and latency at one call in flight. */

import { besideOtherWork, type Changes } from '../processes/other-work.js';
import type { Stage } from '../processes/stage.js';
import type { Finding } from './attempts.js';
import { type Counted, inRounds, type VariantRounds } from './in-rounds.js';
import { profiled } from './profiled.js';
import type { Bench } from './settings.js';
import { endLoad, isWhole, openSite, type Site } from './site.js';
import { type Observed, observe, type Stretch, warmUp, watch } from './stretch.js';
import type { Variant } from './variants.js';

/** Time between full load and one call in flight, so that the effects of full load are gone. */
const SETTLE_SECONDS = 0.5;

/** For how long at most a figure is measured that need not show that nothing changes for long. */
export const FIGURE_MAX_SECONDS = 30;

/** At full load, while another process keeps every core busy. */
export type BusyStretch = Observed & Changes;

/** The measurements of one variant in one round. */
export interface Turn {
  /** At full load. */
  readonly throughput?: Stretch;
  /** At one call in flight. */
  readonly latency?: Stretch;
  readonly busy?: BusyStretch;
}

export type CountedTurn = Counted<Turn>;
export type VariantTurns = VariantRounds<Turn>;

export const measureRounds = (bench: Bench, variants: readonly Variant[]): Promise<readonly VariantTurns[]> =>
  inRounds(bench, variants, '', measureTurn);

async function measureTurn(stage: Stage, bench: Bench, variant: Variant): Promise<Finding<Turn>> {
  const { only, inFlight, replicas, disturbed, warmUpSeconds } = bench.settings;
  const seconds = disturbed ? Math.min(bench.settings.seconds, FIGURE_MAX_SECONDS) : bench.settings.seconds;
  const site = await openSite(stage, variant, { replicas });
  await warmUp(stage, site, inFlight, warmUpSeconds);
  let turn: Turn = {};
  if (only.includes('throughput'))
    turn = { throughput: await profiled(bench, site, `${variant.name} full`, () => watch(stage, site, seconds)) };
  const whole = await isWhole(site);
  if (disturbed && only.includes('throughput')) turn = { ...turn, busy: await measureBusy(stage, bench, site) };
  await endLoad(stage, site, (turn.busy?.failures ?? 0) > 0);
  if (!only.includes('latency')) return { result: turn, whole };

  await site.driver.ask('load', 1);
  await stage.pass(SETTLE_SECONDS);
  turn = { ...turn, latency: await profiled(bench, site, `${variant.name} one`, () => watch(stage, site, seconds)) };
  await endLoad(stage, site);
  return { result: turn, whole: disturbed ? whole : await isWhole(site) };
}

/**
 * Measures full load beside other work. The group's stretch is as long as the settings say, and is never repeated: the
 * question is whether the group changes.
 */
async function measureBusy(stage: Stage, { settings }: Bench, site: Site): Promise<BusyStretch> {
  const { seconds } = settings;
  const length = site.group === undefined ? Math.min(seconds, FIGURE_MAX_SECONDS) : seconds;
  const { result, changes } = await besideOtherWork(stage, site.group, () => observe(stage, site, length));
  return { ...result, ...changes };
}
