/** The timeline of a run: who served when, and how long the client waited. */
import Table from 'cli-table3';
import colors from 'picocolors';
import { TABLE_STYLE } from '../show/table-style.js';
import { thousands } from '../show/thousands.js';
import type { GroupEvent } from '../stage/replicas.js';
import { longestGapMs, type Measured, type Timed } from './measure.js';

/** An event of the group. A kill has a `gapMs`: the longest time without a reply from this kill to the next. */
export interface TimelineEntry extends GroupEvent {
  readonly gapMs: number | undefined;
}

/** @param replies in the order of their arrival */
export function timelineOf(events: readonly GroupEvent[], replies: readonly Timed[]): TimelineEntry[] {
  const ordered = events.toSorted((a, b) => a.atMs - b.atMs);
  return ordered.map((event, index) => {
    if (event.kind !== 'killed') return { ...event, gapMs: undefined };
    const nextKill = ordered.slice(index + 1).find(({ kind }) => kind === 'killed');
    return { ...event, gapMs: longestGapMs(replies, event.atMs, nextKill?.atMs ?? Number.POSITIVE_INFINITY) };
  });
}

/** The word for the messages that a client receives, such as 'reply' and 'replies'. */
export interface Unit {
  readonly one: string;
  readonly many: string;
}

export function timelineTable(timeline: readonly TimelineEntry[], run: Measured, { one, many }: Unit): string {
  const colAligns: ('left' | 'right')[] = ['right', 'right', 'left', 'left', 'right'];
  const table = new Table({ ...TABLE_STYLE, colAligns, head: ['at', 'term', 'replica', 'what', `no ${one} for`] });
  for (const entry of timeline) {
    const { atMs, term, replica, gapMs } = entry;
    const gap = gapMs === undefined ? '' : `${gapMs.toFixed(0)} ms`;
    table.push([secondsAt(atMs, run.startedAtMs), term, replica, whatHappened(entry, run, many), gap]);
  }
  table.push([secondsAt(run.endedAtMs, run.startedAtMs), '', 'client', `has the last ${one}`, '']);
  return table.toString();
}

function whatHappened({ kind, inSync, atMs }: TimelineEntry, { replies }: Measured, many: string): string {
  if (kind === 'serves') return `serves with ${inSync} in sync`;
  const answered = replies.filter((reply) => reply.atMs <= atMs).length;
  return colors.red(`killed after ${thousands(answered)} ${many}`);
}

const secondsAt = (atMs: number, startedAtMs: number): string => `${((atMs - startedAtMs) / 1_000).toFixed(3)} s`;
