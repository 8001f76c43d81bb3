/** The table that compares the rates of a bare and a replicated service. */
import Table from 'cli-table3';
import { TABLE_STYLE } from '../show/table-style.js';
import { thousands } from '../show/thousands.js';
import { type Measured, ratePerSecond } from './measure.js';
import type { TimelineEntry } from './timeline.js';

/**
 * Returns a table of the replies a second, without and with replication.
 *
 * @param bareName head of the first column: 'bare bank'
 * @param whole names the whole run: 'the whole file'
 */
export function ratesTable(
  bare: Measured,
  ours: Measured,
  timeline: readonly TimelineEntry[],
  { bareName, whole }: { readonly bareName: string; readonly whole: string },
): string {
  const colAligns: ('left' | 'right')[] = ['left', 'right', 'right', 'right'];
  const table = new Table({ ...TABLE_STYLE, colAligns, head: ['', bareName, 'Understudy', 'ratio'] });
  const firstKillMs = timeline.find(({ kind }) => kind === 'killed')?.atMs;
  if (firstKillMs !== undefined) {
    const count = ours.replies.filter(({ atMs }) => atMs <= firstKillMs).length;
    const bareUntilMs = bare.replies[count - 1]?.atMs ?? bare.endedAtMs;
    table.push(ratesRow('until the first kill, undisturbed', bare, bareUntilMs, ours, firstKillMs));
  }
  table.push(ratesRow(`${whole}, kills included`, bare, bare.endedAtMs, ours, ours.endedAtMs));
  return table.toString();
}

function ratesRow(what: string, bare: Measured, bareUntilMs: number, ours: Measured, oursUntilMs: number): string[] {
  const [bareRate, ourRate] = [rateUntil(bare, bareUntilMs), rateUntil(ours, oursUntilMs)];
  return [what, thousands(bareRate), thousands(ourRate), bareRate > 0 ? (ourRate / bareRate).toFixed(2) : '-'];
}

const rateUntil = ({ replies, startedAtMs }: Measured, untilMs: number): number =>
  ratePerSecond(replies, startedAtMs, untilMs);
