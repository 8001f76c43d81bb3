import { join } from 'node:path';
import type { Child } from '../processes/child.js';
import type { ProcessCommands } from '../processes/commands.js';
import type { Stage } from '../processes/stage.js';
import { attempt, type Finding } from './attempts.js';
import type { Bench } from './settings.js';
import { endLoad, isWhole, openSite, type Site } from './site.js';
import { type Stretch, warmUp, watch } from './stretch.js';
import type { Variant } from './variants.js';

/** From full load to one call in flight: until what full load left behind is gone. */
const SETTLE_SECONDS = 0.5;

/** One variant in one round. */
export interface Turn {
  /** At full load. */
  readonly throughput?: Stretch;
  /** At one call in flight. */
  readonly latency?: Stretch;
}

export interface CountedTurn extends Turn {
  /** See `Attempted`. */
  readonly disturbed: number;
}

export interface VariantTurns {
  readonly variant: string;
  /** One for each round. */
  readonly turns: readonly CountedTurn[];
}

/** Every variant in every round, A B C A B C …, each time in fresh processes. */
export async function measureRounds(bench: Bench, variants: readonly Variant[]): Promise<readonly VariantTurns[]> {
  const results = variants.map(({ name }) => ({ variant: name, turns: [] as CountedTurn[] }));
  for (let round = 1; round <= bench.settings.rounds; round++)
    for (const [index, variant] of variants.entries()) {
      bench.progress(`round ${round} of ${bench.settings.rounds}: ${variant.name}`);
      const { result, disturbed } = await attempt(bench, (stage) => measureTurn(stage, bench, variant));
      results[index]?.turns.push({ ...result, disturbed });
    }
  return results;
}

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

/** Profiles what is measured, if that was asked for; a later round replaces the profile of an earlier one. */
async function profiled<T>({ settings }: Bench, site: Site, name: string, act: () => Promise<T>): Promise<T> {
  const { profile } = settings;
  if (profile === undefined) return act();
  const roles: [string, Child<ProcessCommands>][] = [
    ['client', site.driver as unknown as Child<ProcessCommands>],
    ['primary', site.primary],
    ...site.backups.slice(0, 1).map((backup): [string, Child<ProcessCommands>] => ['backup', backup]),
  ];
  await Promise.all(roles.map(([, child]) => child.ask('startProfile')));
  const result = await act();
  const file = (role: string): string => join(profile, `${name.replaceAll(' ', '-')}-${role}.cpuprofile`);
  await Promise.all(roles.map(([role, child]) => child.ask('endProfile', file(role))));
  return result;
}
