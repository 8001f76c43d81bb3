import type { PlanLimits } from '../plan/plan.js';
import { simulate } from '../run.js';
import { NESTED, type Setting, STREAMS } from './setting.js';

/** What the program of a build says to whoever started it. */
export type Report = { readonly begins: number } | { readonly violates: number; readonly reason: string };

/** Waits until it is on its way: a run that never ends would hold it back. */
const tell = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

/** Without a drill of its own, streams or nested calls, so that seeds do not change their meaning with each new kind. */
function limitsOf(setting: Setting): PlanLimits {
  if (setting === undefined) return { without: ['drills', 'streams', 'oneWay', 'nested'] };
  if (setting === NESTED) return { without: ['drills', 'streams', 'oneWay'], nested: true };
  return setting === STREAMS
    ? { without: ['drills', 'oneWay', 'nested'], streams: true }
    : { without: ['streams', 'nested'], drill: setting };
}

async function play(first: number, last: number, setting?: string): Promise<void> {
  const limits = limitsOf(setting);
  for (let seed = first; seed <= last; seed++) {
    await tell({ begins: seed });
    const { reason } = simulate(BigInt(seed), limits);
    if (reason !== undefined) return tell({ violates: seed, reason });
  }
}

const [first, last, setting] = process.argv.slice(2);
await play(Number(first), Number(last), setting);
process.disconnect();
