/** Draws a recording as a Mermaid sequence diagram. */
import type { TraceEvent } from './event.js';
import type { Recording } from './recording.js';
import { concerned, participantsOf, plainText, timeOf } from './text.js';

const FAULT_COLOR = 'rgb(255, 236, 214)';
const VIOLATION_COLOR = 'rgb(255, 214, 214)';

/**
 * Draws a recording as a Mermaid sequence diagram. A message stands at its arrival, since that is when the receiver
 * acts. Source: https://mermaid.js.org/syntax/sequenceDiagram.html
 */
export function mermaid({ planText, events, violationText }: Recording): string {
  const participants = participantsOf(events);
  const everybody = [participants[0], participants.at(-1)].filter((name) => name !== undefined).join(',');
  const lines = ['sequenceDiagram', ...participants.map((name) => `  participant ${name}`)];
  // Without participants there is nothing to put a note over.
  if (everybody !== '') {
    lines.push(`  Note over ${everybody}: ${escapeMermaid(planText)}`);
    for (const event of events) lines.push(...drawn(event, participants, everybody));
    if (violationText !== undefined)
      lines.push(...colored(VIOLATION_COLOR, `Note over ${everybody}: VIOLATION ${escapeMermaid(violationText)}`));
  }
  return `${lines.join('\n')}\n`;
}

function drawn(event: TraceEvent, participants: readonly string[], everybody: string): string[] {
  const text = `${timeOf(event)} ms ${escapeMermaid(plainText(event.text))}`;
  switch (event.kind) {
    case 'message':
      return [`  ${event.from}->>${event.to}: ${text}`];
    case 'fault':
      return colored(FAULT_COLOR, `Note over ${over(event.among, participants) || everybody}: ${text}`);
    default:
      return [`  Note over ${concerned(event).join()}: ${text}`];
  }
}

/** Names the participants of a note. A note spans at most two and those between them. */
function over(among: readonly string[], participants: readonly string[]): string {
  const inOrder = participants.filter((name) => among.includes(name));
  return [...new Set([inOrder[0], inOrder.at(-1)])].filter((name) => name !== undefined).join();
}

const colored = (color: string, line: string): string[] => [`  rect ${color}`, `    ${line}`, '  end'];

/** Escapes `#` and `;`, which would end a text, and characters that Mermaid reads as markup or formulas. */
export const escapeMermaid = (text: string): string =>
  text.replace(/[#;"<>&$%`\\]/g, (character) => `#${character.charCodeAt(0)};`).replaceAll('\n', '<br/>');
