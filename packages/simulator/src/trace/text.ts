/** Texts that all forms of a trace share. */
import type { TraceEvent } from './event.js';

/** The name of the participant at which changes of the record are drawn. */
export const COORDINATOR = 'coordinator';

/** Removes quotes around plain words, which tell a reader nothing: `{"key":"x"}` becomes `{key:x}`. */
export const plainText = (text: string): string => text.replace(/"([\w.-]+)"/g, '$1');

/** Formats a time in whole milliseconds, as everywhere in a trace. */
export const timeOf = ({ atMs }: TraceEvent): string => atMs.toFixed(0);

/** Returns the processes that an event concerns; for a message, sender and receiver; none if it concerns all. */
export function concerned(event: TraceEvent): readonly string[] {
  switch (event.kind) {
    case 'message':
      return [event.from, event.to];
    case 'note':
      return [event.who];
    case 'fault':
      return event.among;
    case 'record':
      return [COORDINATOR];
  }
}

/** Returns all participants in the order of a diagram's columns: clients, replicas, the coordinator. */
export const participantsOf = (events: readonly TraceEvent[]): string[] =>
  [...new Set(events.flatMap(concerned))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

const rank = (name: string): number => (name === COORDINATOR ? 2 : name.startsWith('C') ? 0 : 1);

/** Breaks a text into lines of at most `width` characters, if possible at blanks and commas. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const at = breakAt(rest, width);
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Finds the place to break a line. It breaks a long word rather than leave the line almost empty. */
function breakAt(text: string, width: number): number {
  const blank = text.lastIndexOf(' ', width);
  if (blank > width / 2) return blank;
  const comma = text.lastIndexOf(',', width - 1) + 1;
  return comma > width / 2 ? comma : width;
}
