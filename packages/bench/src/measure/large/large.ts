/** Large requests and large replies, and how small calls fare beside them. */
import type { Child } from '../../ipc/child.js';
import type {
  BurstAsked,
  BurstDone,
  DriverCommands,
  Latencies,
  Memory,
  ProcessCommands,
  SmallMark,
  Usage,
} from '../../ipc/commands.js';
import type { Stage } from '../../processes/stage.js';
import type { Finding } from '../attempts.js';
import { inRounds, type VariantRounds } from '../in-rounds.js';
import { profiled } from '../profiled.js';
import type { Bench } from '../settings.js';
import { endLoad, isWhole, openSite } from '../site.js';
import { sum, warmUp } from '../stretch.js';
import type { Variant } from '../variants.js';

const MIB = 1024 * 1024;
/** The side of a call that is small. */
const SMALL_BYTES = 100;
/** How often a small call is made. */
export const EVERY_MS = 10;
const SETTLE_SECONDS = 0.5;
/** The slowest machine passes on everything within this time. */
const PATIENCE_MS = 300_000;

export const SIDES = ['requests', 'replies'] as const;
export type Side = (typeof SIDES)[number];

/** Calls that are made in one turn of the client's event loop. */
export interface BurstKind {
  readonly calls: number;
  readonly mib: number;
  /** The side of the calls that is this large. */
  readonly side: Side;
}

const SIZES: readonly Omit<BurstKind, 'side'>[] = [
  { calls: 100, mib: 1 },
  { calls: 10, mib: 8 },
  { calls: 4, mib: 64 },
];

/** The measurements of one burst, in processes of its own. */
export interface Large extends BurstDone {
  /** Of small calls before the burst, and until its last call has ended. */
  readonly before: Latencies;
  readonly meanwhile: Latencies;
  /** See `SmallMark`. */
  readonly meanwhileSinceDue: Latencies;
  readonly smallFailures: number;
  readonly smallFailure: string | undefined;
  /** CPU time of the burst and of the small calls beside it. */
  readonly clientCpuMs: number;
  readonly primaryCpuMs: number;
  /** All backups together. */
  readonly backupsCpuMs: number;
  /** By how much the memory of a process grew at most, as a multiple of the burst's payloads together. */
  readonly clientMemory: number;
  readonly primaryMemory: number;
}

export interface LargeOf extends BurstKind {
  readonly rows: readonly VariantRounds<Large>[];
}

/**
 * Measures one burst after the other, each with every variant in every round.
 *
 * @param onResults called after each burst with all results so far
 */
export async function measureLarge(
  bench: Bench,
  variants: readonly Variant[],
  onResults: (results: readonly LargeOf[]) => void,
): Promise<void> {
  const sizes = SIZES.filter(({ mib }) => bench.settings.largeMib.includes(mib));
  const kinds = sizes.flatMap((size) => SIDES.map((side): BurstKind => ({ ...size, side })));
  const results: LargeOf[] = [];
  for (const kind of kinds) {
    const what = ` of ${kind.calls} × ${kind.mib} MiB ${kind.side}`;
    const measure = (stage: Stage, _bench: Bench, variant: Variant) => measureBurst(stage, bench, variant, kind);
    results.push({ ...kind, rows: await inRounds(bench, variants, what, measure) });
    onResults(results);
  }
}

async function measureBurst(stage: Stage, bench: Bench, variant: Variant, kind: BurstKind): Promise<Finding<Large>> {
  const { replicas, seconds, warmUpSeconds, inFlight } = bench.settings;
  const site = await openSite(stage, variant, { replicas });
  const { driver, primary, backups } = site;
  await warmUp(stage, site, inFlight, warmUpSeconds);
  await endLoad(stage, site);
  await driver.ask('startSmallCalls', EVERY_MS);
  await stage.pass(SETTLE_SECONDS);
  await markSmall(stage, driver);
  await stage.pass(seconds);
  const before = await markSmall(stage, driver);
  const memory = () => stage.until('all answer', Promise.all([driver.ask('memory'), primary.ask('memory')]));
  const [client, server] = await memory();
  const bytes = kind.mib * MIB;
  const children = [driver as unknown as Child<ProcessCommands>, primary, ...backups];
  const cpu = () => stage.until('all answer', Promise.all(children.map((child): Promise<Usage> => child.ask('usage'))));
  const asked: BurstAsked = {
    calls: kind.calls,
    requestBytes: kind.side === 'requests' ? bytes : SMALL_BYTES,
    replyBytes: kind.side === 'replies' ? bytes : SMALL_BYTES,
  };
  await stage.until('the requests are at hand', driver.ask('prepareBurst', asked));
  await stage.pass(SETTLE_SECONDS);
  await markSmall(stage, driver);
  const cpuBefore = await cpu();
  const name = `${variant.name} ${kind.mib} MiB ${kind.side}`;
  const burst = () => stage.until('all large calls have ended', driver.ask('burst'), PATIENCE_MS);
  const done = await profiled(bench, site, name, burst);
  await stage.until('all small calls have ended', driver.ask('endSmallCalls'), PATIENCE_MS);
  const meanwhile = await markSmall(stage, driver);
  const cpuAfter = await cpu();
  const [clientCpuMs = 0, primaryCpuMs = 0, ...eachBackup] = cpuAfter.map(
    ({ cpuMs }, i) => cpuMs - (cpuBefore[i]?.cpuMs ?? 0),
  );
  const [clientAfter, serverAfter] = await memory();
  await site.group?.agree(stage, 0);
  const grown = (from: Memory, to: Memory): number => (to.mostRssBytes - from.rssBytes) / (kind.calls * bytes);
  const result: Large = {
    ...done,
    before: before.latencies,
    meanwhile: meanwhile.latencies,
    meanwhileSinceDue: meanwhile.sinceDue,
    smallFailures: meanwhile.failures,
    smallFailure: meanwhile.failure,
    ...{ clientCpuMs, primaryCpuMs, backupsCpuMs: sum(eachBackup) },
    clientMemory: grown(client, clientAfter),
    primaryMemory: grown(server, serverAfter),
  };
  return { result, whole: await isWhole(site) };
}

const markSmall = (stage: Stage, driver: Child<DriverCommands>): Promise<SmallMark> =>
  stage.until('the driver answers', driver.ask('markSmallCalls'));
