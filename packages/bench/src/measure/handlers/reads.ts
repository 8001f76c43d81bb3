/** Reads that backups answer: what each replica spends on them, by the number of replicas. */
import type { Stage } from '../../processes/stage.js';
import { attempt, type Finding } from '../attempts.js';
import type { Counted } from '../in-rounds.js';
import { profiled } from '../profiled.js';
import type { Bench } from '../settings.js';
import { isWhole, openSite } from '../site.js';
import { type Stretch, untilWarm, watch } from '../stretch.js';
import { BARE, variantsOf } from '../variants.js';

/** Backups of the groups that are compared. 0: the bare service. */
const BACKUPS = [0, 1, 2, 4] as const;
const WARM_READS = 10_000;

/** The reads of one service, one turn for each round. */
export interface ReadsOf {
  /** 0: the bare service, whose only process answers. */
  readonly backups: number;
  readonly turns: readonly Counted<{ readonly reads: Stretch }>[];
}

/** Measures groups of several sizes whose backups answer all reads. */
export async function measureReads(bench: Bench): Promise<readonly ReadsOf[]> {
  const { rounds, mode } = bench.settings;
  const results = BACKUPS.map((backups) => ({ backups, turns: [] as Counted<{ readonly reads: Stretch }>[] }));
  for (let round = 1; round <= rounds; round++)
    for (const { backups, turns } of results) {
      bench.progress(`round ${round} of ${rounds} of reads: ${backups === 0 ? BARE : `${backups} backups`}`);
      const { result, disturbed } = await attempt(bench, (stage) => measureTurn(stage, bench, mode, backups));
      turns.push({ ...result, disturbed });
    }
  return results;
}

async function measureTurn(
  stage: Stage,
  bench: Bench,
  common: Bench['settings']['mode'],
  backups: number,
): Promise<Finding<{ reads: Stretch }>> {
  const { seconds, warmUpSeconds, inFlight } = bench.settings;
  const variant = variantsOf(common)[backups === 0 ? 0 : 1];
  const mode = variant?.mode && { ...variant.mode, readsFromBackups: true as const };
  const site = await openSite(stage, { name: BARE, mode }, { replicas: backups + 1 });
  // Each backup has as many to answer at a time, however many there are.
  await site.driver.ask('load', inFlight * Math.max(1, backups), { reads: true });
  await untilWarm(stage, site, warmUpSeconds, WARM_READS);
  const reads = await profiled(bench, site, `reads ${backups}`, () => watch(stage, site, seconds));
  await site.driver.ask('stop');
  await site.group?.agree(stage, 0);
  return { result: { reads }, whole: await isWhole(site) };
}
