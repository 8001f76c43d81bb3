import type { PlanLimits } from '../plan/plan.js';
import { simulate } from '../run.js';
import { DIGESTS, NESTED, type Setting, STREAMS, THREADS } from './setting.js';

/** Seeds `first` to `last`, in one setting. */
export interface SeedBatch {
  readonly first: number;
  readonly last: number;
  readonly setting: Setting;
}

/** A message from the program of a build to the process that started it. */
export type Report = { readonly begins: number } | { readonly violates: number; readonly reason: string };

/** Waits until the report is on its way: a run that never ends would hold it back. */
const tell = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

/** Each setting leaves out what belongs to the others, so that its seeds keep their meaning when a new kind is added. */
function limitsOf(setting: Setting): PlanLimits {
  if (setting === DIGESTS)
    return { without: ['drills', 'streams', 'oneWay', 'nested', 'timers', 'upgrades'], digests: true };
  const others = ['timers', 'upgrades', 'digests'];
  if (setting === undefined) return { without: ['drills', 'streams', 'oneWay', 'nested', 'threads', ...others] };
  if (setting === NESTED) return { without: ['drills', 'streams', 'oneWay', 'threads', ...others], nested: true };
  if (setting === THREADS) return { without: ['drills', 'streams', 'oneWay', 'nested', ...others], threads: true };
  return setting === STREAMS
    ? { without: ['drills', 'oneWay', 'nested', 'threads', ...others], streams: true }
    : { without: ['streams', 'nested', 'threads', 'timers'], drill: setting };
}

async function play(batches: readonly SeedBatch[]): Promise<void> {
  for (const { first, last, setting } of batches) {
    const limits = limitsOf(setting);
    for (let seed = first; seed <= last; seed++) {
      await tell({ begins: seed });
      const { reason } = simulate(BigInt(seed), limits);
      if (reason !== undefined) return tell({ violates: seed, reason });
    }
  }
}

await play(JSON.parse(process.argv[2] ?? '[]') as SeedBatch[]);
process.disconnect();
