/** The arrangement of events in a diagram. */
import type { TraceEvent } from './event.js';
import { concerned, timeOf } from './text.js';

/** An event with the columns that it takes in a diagram. */
export interface Placed {
  readonly event: TraceEvent;
  /** The columns of the processes that the event concerns, in the event's order. */
  readonly columns: readonly number[];
}

/**
 * Arranges events in the rows of a diagram, with time going down. Successive events of one moment stand side by side if
 * they share no column. No event stands above an earlier one.
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

/** Tells whether two events share a column. An event that spans columns covers those between. */
const fitBeside = (a: Placed, b: Placed): boolean =>
  timeOf(a.event) === timeOf(b.event) &&
  (Math.max(...a.columns) < Math.min(...b.columns) || Math.max(...b.columns) < Math.min(...a.columns));
