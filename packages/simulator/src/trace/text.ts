import type { TraceEvent } from './event.js';

/** Where changes of the record are drawn. */
export const COORDINATOR = 'coordinator';

/** Quotes around plain words tell a reader nothing: `{"key":"x"}` becomes `{key:x}`. */
export const plainText = (text: string): string => text.replace(/"([\w.-]+)"/g, '$1');

/** Whole milliseconds, as all times in texts of the trace are. */
export const timeOf = ({ atMs }: TraceEvent): string => atMs.toFixed(0);

/** Whom an event concerns; for a message, from whom to whom; nobody for what concerns everybody. */
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

/** Everybody who takes part, in the order of the columns of a diagram: clients, replicas, the coordinator. */
export const participantsOf = (events: readonly TraceEvent[]): string[] =>
  [...new Set(events.flatMap(concerned))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

const rank = (name: string): number => (name === COORDINATOR ? 2 : name.startsWith('C') ? 0 : 1);

/** Breaks a text into lines of at most `width` characters, at blanks and commas where there are any. */
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

/** Not so early that the line would be almost empty: a long word is rather broken. */
function breakAt(text: string, width: number): number {
  const blank = text.lastIndexOf(' ', width);
  if (blank > width / 2) return blank;
  const comma = text.lastIndexOf(',', width - 1) + 1;
  return comma > width / 2 ? comma : width;
}
