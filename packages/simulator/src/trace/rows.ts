import type { TraceEvent } from './event.js';
import { concerned, timeOf } from './text.js';

/** An event with the columns that it takes in a diagram. */
export interface Placed {
  readonly event: TraceEvent;
  /** The columns of those whom the event concerns, in the event's order. */
  readonly columns: readonly number[];
}

/**
 * The rows of a diagram, downwards with time. Events that follow each other at one moment stand side by side where neither
 * covers a column of the other; none stands above an earlier one.
 */
export function rowsOf(events: readonly TraceEvent[], participants: readonly string[]): Placed[][] {
  const rows: Placed[][] = [];
  for (const event of events) {
    const names = concerned(event);
    const columns = (names.length === 0 ? participants : names).map((name) => participants.indexOf(name));
    const placed = { event, columns };
    const row = rows.at(-1);
    if (row?.every((other) => fitBeside(placed, other))) row.push(placed);
    else rows.push([placed]);
  }
  return rows;
}

/** What spans columns covers those between. */
const fitBeside = (a: Placed, b: Placed): boolean =>
  timeOf(a.event) === timeOf(b.event) &&
  (Math.max(...a.columns) < Math.min(...b.columns) || Math.max(...b.columns) < Math.min(...a.columns));
