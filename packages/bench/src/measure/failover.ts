/** How long clients wait when the primary leaves. */
import { monotonicMs } from '../ipc/clock.js';
import type { Group } from '../processes/group.js';
import { besideOtherWork, type Changes } from '../processes/other-work.js';
import { onStage, type Stage } from '../processes/stage.js';
import type { Mode } from '../service/service-config.js';
import { attempt, type Finding } from './attempts.js';
import type { Bench } from './settings.js';
import { openGroup, type Site } from './site.js';

const CLIENTS = 4;
const BEAT_EVERY_MS = 5;
/** Light load before the primary leaves, so that its code and that of the clients is warm. */
const SETTLE_SECONDS = 1;
/** Light load after the first replies of the new primary, in case clients have to wait once more. */
const AFTER_SECONDS = 0.5;

/** How the primary leaves: killed, or told to hand over. */
export type Departure = 'crash' | 'handOver';

/** A primary that did not answer for this long before the signal was not healthy, so the failover does not count. */
const SILENCE_MAX_MS = 100;

export interface Failover {
  /** Time from the signal until the first client had a reply of the new primary. */
  readonly firstReplyMs: number;
  /** The longest time that any client was without a reply. */
  readonly longestGapMs: number;
  readonly failures: number;
  readonly failure: string | undefined;
}

export interface CountedFailover extends Failover {
  /** See `Attempted`. */
  readonly disturbed: number;
}

/** Light load while another process keeps every core busy. */
export interface CalmStretch extends Changes {
  readonly seconds: number;
  /** The longest time that any client was without a reply. */
  readonly longestGapMs: number;
  readonly calls: number;
  readonly failures: number;
  readonly failure: string | undefined;
}

export interface Failovers {
  /** Only if the settings ask for it. */
  readonly busy?: CalmStretch;
  readonly crash: readonly CountedFailover[];
  readonly handOver: readonly CountedFailover[];
}

/** Measures what happens when a primary under light load is killed, or told to end, each time in a group of its own. */
export async function measureFailovers(bench: Bench): Promise<Failovers> {
  const { failovers, mode, replicas } = bench.settings;
  const full: Mode = { ...mode, carrier: 'stream', release: 'concurrent' };
  const results: Record<Departure, CountedFailover[]> = { crash: [], handOver: [] };
  for (let count = 1; count <= failovers; count++)
    for (const departure of ['crash', 'handOver'] as const) {
      bench.progress(`failover ${count} of ${failovers}: ${departure === 'crash' ? 'SIGKILL' : 'SIGTERM'}`);
      const act = async (stage: Stage): Promise<Finding<Failover>> => {
        const site = await openGroup(stage, full, { replicas, clients: CLIENTS });
        return failOver(stage, site, departure, SETTLE_SECONDS);
      };
      const { result, disturbed } = await attempt(bench, act);
      results[departure].push({ ...result, disturbed });
    }
  if (!bench.settings.disturbed) return results;
  bench.progress(`light load for ${bench.settings.seconds} s beside a process that keeps every core busy`);
  return { ...results, busy: await onStage(bench.interrupt, (stage) => stayCalm(stage, bench, full)) };
}

/** Nothing happens to this group but that other work slows it down. It is measured once, whatever it makes of that. */
async function stayCalm(stage: Stage, { settings }: Bench, mode: Mode): Promise<CalmStretch> {
  const { replicas, seconds } = settings;
  const site = await openGroup(stage, mode, { replicas, clients: CLIENTS });
  const { result, changes } = await besideOtherWork(stage, site.group, async () => {
    await site.driver.ask('startBeat', BEAT_EVERY_MS);
    await stage.pass(seconds);
    return stage.until('the driver answers', site.driver.ask('endBeat'));
  });
  const { longestGapMs, calls, failures, failure } = result;
  return { seconds, longestGapMs, calls, failures, failure, ...changes };
}

/** Ends the primary while clients make calls, and waits until the next primary has answered each client. */
export async function failOver(
  stage: Stage,
  { driver, group }: Site & { readonly group: Group },
  departure: Departure,
  settleSeconds: number,
): Promise<Finding<Failover>> {
  await driver.ask('startBeat', BEAT_EVERY_MS);
  await stage.pass(settleSeconds);
  const undisturbed = await stage.until('the replicas answer', group.undisturbed());
  const { child, term } = group.primary;
  const heard = driver.ask('heardOfTermAfter', term);
  const atMs = monotonicMs();
  child.signal(departure === 'crash' ? 'SIGKILL' : 'SIGTERM');
  await stage.until('every client is answered by a new primary', heard);
  await stage.pass(AFTER_SECONDS);
  const { lastOldReplyAtMs, firstReplyAtMs, longestGapMs, failures, failure } = await driver.ask('endBeat');
  const result = { firstReplyMs: firstReplyAtMs - atMs, longestGapMs, failures, failure };
  return { result, whole: undisturbed && atMs - lastOldReplyAtMs < SILENCE_MAX_MS };
}
