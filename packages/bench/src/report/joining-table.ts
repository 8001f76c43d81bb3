/** The table of replicas that join. */
import type { Joining } from '../measure/joining/joining.js';
import type { Settings } from '../measure/settings.js';
import { spreadOf } from '../measure/statistics.js';
import { digits, range, table } from './table.js';

const MEBIBYTE = 1024 * 1024;

export function joiningTable(
  all: readonly (Joining & { readonly disturbed: number })[],
  { joining }: Settings,
): string {
  const { stateMib, callsPerSecond } = joining;
  const line = (name: string, of: (each: Joining) => number): string[] => {
    const spread = spreadOf(all.map(of));
    return [name, digits(spread.median), range(spread)];
  };
  const title =
    `A replica joins with ${digits(stateMib)} MiB of state while ${digits(callsPerSecond)} calls/s are made:\n` +
    `median of ${all.length}, least–most`;
  return `${table(
    title,
    ['', '', ''],
    [
      line('seconds until it is in sync', ({ seconds }) => seconds),
      line('p50 before, µs', ({ before }) => before.p50),
      line('p50 meanwhile, µs', ({ meanwhile }) => meanwhile.p50),
      line('p99 before, µs', ({ before }) => before.p99),
      line('p99 meanwhile, µs', ({ meanwhile }) => meanwhile.p99),
      line('p99, meanwhile × before', ({ before, meanwhile }) => meanwhile.p99 / before.p99),
      line('longest call meanwhile, µs', ({ meanwhile }) => meanwhile.max),
      line('memory of the primary before, MiB', ({ primaryBytesBefore }) => primaryBytesBefore / MEBIBYTE),
      line('more meanwhile, MiB', (each) => (each.primaryBytesMeanwhile - each.primaryBytesBefore) / MEBIBYTE),
      line('longest turn of the primary before, ms', ({ turnsBefore }) => turnsBefore.longestMs),
      line('longest turn meanwhile, ms', ({ turnsMeanwhile }) => turnsMeanwhile.longestMs),
      line('longest on a processor before, ms', ({ turnsBefore }) => turnsBefore.longestOwnMs),
      line('longest on a processor meanwhile, ms', ({ turnsMeanwhile }) => turnsMeanwhile.longestOwnMs),
      line('longer than 10 ms on one, meanwhile', ({ turnsMeanwhile }) => turnsMeanwhile.longOwn),
      line('longest garbage collection, ms', ({ turnsMeanwhile }) => turnsMeanwhile.longestGcMs),
      line('failed calls', ({ failures }) => failures),
    ],
  )}\nMeasured again because the group was disturbed: ${all.reduce((sum, { disturbed }) => sum + disturbed, 0)}.`;
}
