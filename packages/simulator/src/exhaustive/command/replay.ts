/** Plays a run again that the search printed. */
import type { TraceEvent, Tracer } from '../../trace/event.js';
import { formatSchedule, parseSchedule, type Schedule } from '../search/schedule.js';
import { type Played, play } from '../window/play.js';
import { MODES, type Mode, nameOf, OPERATIONS_MAX } from '../window/scenario.js';

/** A run, completely described. */
export interface Run {
  readonly mode: Mode;
  readonly operations: number;
  readonly schedule: Schedule;
}

/** Writes a run as its mode, calls and decisions: `semi-active,direct,concurrent,stream:3:12.2/S1@7/~0=1`. */
export const formatRun = ({ mode, operations, schedule }: Run): string =>
  [nameOf(mode), operations, formatSchedule(schedule)].join(':');

/** @throws {RangeError} if the text is not a run */
export function parseRun(text: string): Run {
  const [name, calls = '', decisions = ''] = text.split(':', 3);
  const mode = MODES.find((one) => nameOf(one) === name);
  const operations = Number(calls);
  if (mode === undefined || !(operations >= 1 && operations <= OPERATIONS_MAX))
    throw new RangeError(`not a run: ${text}`);
  return { mode, operations, schedule: parseSchedule(decisions) };
}

/**
 * Plays a run again and prints its trace.
 *
 * @throws {RangeError} if the run ends before a step that the schedule names, because another version printed it
 */
export function replay({ mode, operations, schedule }: Run, write: (line: string) => void): Played {
  const tracer: Tracer = {
    plan() {},
    event: (event) => write(lineOf(event)),
    violation: (reason) => write(`VIOLATION ${reason}`),
  };
  const played = play(mode, operations, schedule, tracer);
  for (const one of schedule) {
    if (one.kind === 'move' && one.step >= played.moves.length)
      throw new RangeError(
        `the schedule names step ${one.step} of ${played.moves.length}; replay it with the version that printed it`,
      );
  }
  return played;
}

function lineOf(event: TraceEvent): string {
  return `${event.atMs.toFixed(0).padStart(6)}  ${textOf(event)}`;
}

function textOf(event: TraceEvent): string {
  switch (event.kind) {
    case 'message':
      return `${event.from}>${event.to}  ${event.text}`;
    case 'note':
      return `${event.who}  ${event.text}`;
    case 'fault':
      return [...event.among, event.text].join(' ');
    case 'record':
      return `record: ${event.text}`;
  }
}
