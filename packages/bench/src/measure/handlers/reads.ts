/** Reads that backups answer: what a read costs its backup, by the number of backups. */
import { BenchFailure } from '../../ipc/child.js';
import type { Usage } from '../../ipc/commands.js';
import type { Stage } from '../../processes/stage.js';
import { attempt, type Finding } from '../attempts.js';
import type { Counted } from '../in-rounds.js';
import type { Bench } from '../settings.js';
import { isWhole, openSite, type Site } from '../site.js';
import { coresBetween, sum, untilWarm } from '../stretch.js';
import { BARE, variantsOf } from '../variants.js';

/** Backups of the groups that are compared. 0: the bare service. */
const BACKUPS = [0, 1, 2, 4] as const;
/**
 * How many reads a second each backup gets, so that it is as busy as in a smaller group. So few that no process lacks a
 * core.
 */
export const READS_PER_SECOND = 3_000;
const DEADLINE_MS = 10_000;
const WARM_READS = 10_000;
const SETTLE_SECONDS = 0.5;

/** CPU microseconds for each read. */
export interface Reads {
  readonly readsPerSecond: number;
  readonly clientCpuUs: number;
  readonly primaryCpuUs: number;
  /** All backups together. In the bare service: the server. */
  readonly answeringCpuUs: number;
}

/** The reads of one service, one turn for each round. */
export interface ReadsOf {
  /** 0: the bare service, whose only process answers. */
  readonly backups: number;
  readonly turns: readonly Counted<Reads>[];
}

/** Measures groups of several sizes whose backups answer all reads. */
export async function measureReads(bench: Bench): Promise<readonly ReadsOf[]> {
  const { rounds } = bench.settings;
  const results = BACKUPS.map((backups) => ({ backups, turns: [] as Counted<Reads>[] }));
  for (let round = 1; round <= rounds; round++)
    for (const { backups, turns } of results) {
      bench.progress(`round ${round} of ${rounds} of reads: ${backups === 0 ? BARE : `${backups} backups`}`);
      const { result, disturbed } = await attempt(bench, (stage) => measureTurn(stage, bench, backups));
      turns.push({ ...result, disturbed });
    }
  return results;
}

async function measureTurn(stage: Stage, bench: Bench, backups: number): Promise<Finding<Reads>> {
  const { seconds, warmUpSeconds, inFlight, mode: common } = bench.settings;
  const variant = variantsOf(common)[backups === 0 ? 0 : 1];
  const mode = variant?.mode && { ...variant.mode, readsFromBackups: true as const };
  const site = await openSite(stage, { name: BARE, mode }, { replicas: backups + 1 });
  const { driver } = site;
  await driver.ask('load', inFlight, { reads: true });
  await untilWarm(stage, site, warmUpSeconds, WARM_READS * Math.max(1, backups));
  await stage.until('all reads are answered', driver.ask('stop'));
  await driver.ask('openLoad', READS_PER_SECOND * Math.max(1, backups), { reads: true }, DEADLINE_MS);
  await stage.pass(SETTLE_SECONDS);
  const result = await watchReads(stage, site, seconds);
  await stage.until('all reads have ended', driver.ask('endOpenLoad'));
  return { result, whole: await isWhole(site) };
}

async function watchReads(stage: Stage, { driver, primary, backups }: Site, seconds: number): Promise<Reads> {
  const all = [driver, primary, ...backups];
  const look = () =>
    stage.until(
      'all answer',
      Promise.all([driver.ask('openMark'), Promise.all(all.map((child): Promise<Usage> => child.ask('usage')))]),
    );
  const [begin, before] = await look();
  await stage.pass(seconds);
  const [{ atMs, answered, refused, late, failures, failure }, after] = await look();
  const failed = refused + late + failures;
  if (failed > 0) throw new BenchFailure(`${failed} reads failed: ${failure ?? 'they were refused or late'}`);
  const readsPerSecond = (answered * 1_000) / (atMs - begin.atMs);
  const [client = 0, first = 0, ...rest] = all.map(
    (_child, i) => (coresBetween(before[i], after[i]) * 1_000_000) / readsPerSecond,
  );
  const isBare = backups.length === 0;
  return {
    readsPerSecond,
    clientCpuUs: client,
    primaryCpuUs: isBare ? 0 : first,
    answeringCpuUs: isBare ? first : sum(rest),
  };
}
