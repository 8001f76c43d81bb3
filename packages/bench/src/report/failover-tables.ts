/** Tables of failovers and recoveries. */
import type { CalmStretch, Failover, Failovers } from '../measure/failover.js';
import type { RecoveryAt } from '../measure/recovery.js';
import type { Settings } from '../measure/settings.js';
import { spreadOf } from '../measure/statistics.js';
import { digits, range, table } from './table.js';

const MEBIBYTE = 1024 * 1024;

export function failoverTable({ crash, handOver, busy }: Failovers, { mode }: Settings): string {
  const line = (name: string, all: readonly Failover[]): string[] => {
    const first = spreadOf(all.map(({ firstReplyMs }) => firstReplyMs));
    const gap = spreadOf(all.map(({ longestGapMs }) => longestGapMs));
    const failed = all.reduce((sum, { failures }) => sum + failures, 0);
    return [name, ...[first, gap].flatMap((each) => [digits(each.median), range(each)]), String(failed)];
  };
  const again = disturbedIn([...crash, ...handOver]);
  return `${table(
    `Failover in ms, lease ${mode.leaseMs} ms, light load: median of ${crash.length}, least–most`,
    ['', 'first reply', '', 'longest gap', '', 'failed'],
    [line('SIGKILL', crash), line('SIGTERM', handOver)],
  )}\n${again}${busy === undefined ? '' : `\n\n${calmText(busy)}`}`;
}

const calmText = ({ seconds, calls, failures, longestGapMs, primaryChanges, otherChanges }: CalmStretch): string =>
  `Light load for ${digits(seconds)} s beside a process that keeps every core busy:\n` +
  `changes of primary: ${primaryChanges}; other changes of the group: ${otherChanges}; longest gap: ` +
  `${digits(longestGapMs)} ms;\nfailed: ${failures} of ${digits(calls)} calls.`;

export function recoveryTable(rows: readonly RecoveryAt[]): string {
  const lines = rows.map(({ recoveries }) => {
    const median = (value: (recovery: RecoveryAt['recoveries'][number]) => number): string =>
      digits(spreadOf(recoveries.map(value)).median);
    const first = spreadOf(recoveries.map(({ firstReplyMs }) => firstReplyMs));
    return [
      median(({ logLength }) => logLength),
      ...[digits(first.median), range(first)],
      ...[median(({ backup }) => backup.liveBytes / MEBIBYTE), median(({ backup }) => backup.rssBytes / MEBIBYTE)],
      ...[median(({ primary }) => primary.liveBytes / MEBIBYTE), median(({ primary }) => primary.rssBytes / MEBIBYTE)],
    ];
  });
  return `${table(
    'Passive, no checkpoint: crash to first reply in ms, memory in MiB, by log length',
    ['entries', 'first reply', '', 'backup live', 'rss', 'primary live', 'rss'],
    lines,
  )}\n${disturbedIn(rows.flatMap(({ recoveries }) => recoveries))}`;
}

/**
 * Says how often a failover was measured again. A primary that did not run for long, or had lost its backups, shows how
 * busy the machine is and not how a failover goes.
 */
const disturbedIn = (all: readonly { readonly disturbed: number }[]): string =>
  `Measured again because the group was disturbed before: ${all.reduce((sum, { disturbed }) => sum + disturbed, 0)}.`;
