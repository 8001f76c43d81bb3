import { monotonicMs } from '../ipc/clock.js';
import type { Group } from '../processes/group.js';
import type { Stage } from '../processes/stage.js';
import type { Mode } from '../service/service-config.js';
import { attempt, type Finding } from './attempts.js';
import type { Bench } from './settings.js';
import { openGroup, type Site } from './site.js';

const CLIENTS = 4;
const BEAT_EVERY_MS = 5;
/** Light load before the primary goes, so that neither it nor the clients are new to their work. */
const SETTLE_SECONDS = 1;
/** Afterwards, for what else the clients may have to wait for. */
const AFTER_SECONDS = 0.5;

/** How the primary went. */
export type Departure = 'crash' | 'handOver';

/** A primary that did not answer for so long before the signal was not a healthy one. */
const SILENCE_MAX_MS = 100;

export interface Failover {
  /** From the signal until the first client had a reply of the new primary. */
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

export interface Failovers {
  readonly crash: readonly CountedFailover[];
  readonly handOver: readonly CountedFailover[];
}

/** Primaries under light load that are killed, or told to go; each in a group of its own. */
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
  return results;
}

/** Has the primary go while the clients call, and waits until each of them was answered by the next. */
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
