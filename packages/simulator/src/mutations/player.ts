import type { PlanLimits } from '../plan/plan.js';
import { simulate } from '../run.js';
import { DIGESTS, NESTED, ONCE, type Setting, STREAMS, THREADS, TIMERS } from './setting.js';

/** Seeds `first` to `last`, in one setting. */
export interface SeedBatch {
  readonly first: number;
  readonly last: number;
  readonly setting: Setting;
}

/** A message from the process that plays: a seed begins, or breaks a promise, or the job ends. */
export type Report =
  | { readonly begins: number }
  | { readonly violates: number; readonly reason: string }
  | { readonly ends: true };

/**
 * The limits of a setting. They leave out what belongs to other settings, so that seeds keep their meaning when a new
 * setting is added.
 */
function limitsOf(setting: Setting): PlanLimits {
  const later = ['nestedStreams', 'values', 'once'];
  if (setting === DIGESTS)
    return { without: ['drills', 'streams', 'oneWay', 'nested', 'timers', 'upgrades', ...later], digests: true };
  const others = ['upgrades', 'digests', 'timers', ...later];
  const calls = ['drills', 'streams', 'oneWay', 'nested', 'threads'];
  if (setting === TIMERS) return { without: [...calls, 'upgrades', 'digests', ...later], timers: true };
  if (setting === ONCE) {
    return { without: [...calls, ...others.filter((other) => other !== 'once')], once: true };
  }
  if (setting === undefined) return { without: ['drills', 'streams', 'oneWay', 'nested', 'threads', ...others] };
  if (setting === NESTED) return { without: ['drills', 'streams', 'oneWay', 'threads', ...others], nested: true };
  if (setting === THREADS) return { without: ['drills', 'streams', 'oneWay', 'nested', ...others], threads: true };
  return setting === STREAMS
    ? { without: ['drills', 'oneWay', 'nested', 'threads', ...others], streams: true }
    : { without: ['streams', 'nested', 'threads', 'timers', ...later], drill: setting };
}

/**
 * Plays seeds up to the first one that breaks a promise.
 *
 * @param tell resolves when the report is on its way
 */
export async function play(batches: readonly SeedBatch[], tell: (report: Report) => Promise<void>): Promise<void> {
  for (const { first, last, setting } of batches) {
    const limits = limitsOf(setting);
    for (let seed = first; seed <= last; seed++) {
      await tell({ begins: seed });
      const { reason } = simulate(BigInt(seed), limits);
      if (reason !== undefined) return tell({ violates: seed, reason });
    }
  }
}
