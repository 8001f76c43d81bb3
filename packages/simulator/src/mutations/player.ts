import { simulate } from '../run.js';

/** What the program of a build says to whoever started it. */
export type Report = { readonly begins: number } | { readonly violates: number; readonly reason: string };

/** Waits until it is on its way: a run that never ends would hold it back. */
const tell = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

async function play(first: number, last: number): Promise<void> {
  for (let seed = first; seed <= last; seed++) {
    await tell({ begins: seed });
    const { reason } = simulate(BigInt(seed));
    if (reason !== undefined) return tell({ violates: seed, reason });
  }
}

const [first, last] = process.argv.slice(2).map(Number) as [number, number];
await play(first, last);
process.disconnect();
