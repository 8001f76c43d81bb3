import { simulate } from '../run.js';

/** What the program of a build says to whoever started it. */
export type Report = { readonly begins: number } | { readonly violates: number; readonly reason: string };

/** Waits until it is on its way: a run that never ends would hold it back. */
const tell = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

async function play(first: number, last: number, drill?: string): Promise<void> {
  // Without a drill of its own, so that seeds do not change their meaning with each new one.
  const limits = drill === undefined ? { without: ['drills'] } : { drill };
  for (let seed = first; seed <= last; seed++) {
    await tell({ begins: seed });
    const { reason } = simulate(BigInt(seed), limits);
    if (reason !== undefined) return tell({ violates: seed, reason });
  }
}

const [first, last, drill] = process.argv.slice(2);
await play(Number(first), Number(last), drill);
process.disconnect();
