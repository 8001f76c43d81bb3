/** Prints a trace as lines of text. */
import type { TraceEvent, Tracer } from './event.js';
import { concerned, plainText, timeOf, wrap } from './text.js';

/** The width of a trace. */
const WIDTH = 120;
const TIME_WIDTH = 7;
const WHO_WIDTH = 11;
const TEXT_AT = TIME_WIDTH + WHO_WIDTH + 6;

/** Functions that emphasise lines by colours. A mark in the margin says the same without colours. */
export interface Emphasis {
  readonly fault: (line: string) => string;
  readonly violation: (line: string) => string;
}

/** Writes each event as it happens, so that even a run that never ends leaves a trace. */
export class LineTracer implements Tracer {
  readonly #write: (line: string) => void;
  readonly #emphasis: Emphasis;

  constructor(write: (line: string) => void, emphasis: Emphasis) {
    this.#write = write;
    this.#emphasis = emphasis;
  }

  plan(text: string): void {
    for (const line of wrap(text, WIDTH)) this.#write(line);
    this.#write('');
    this.#write(`${'ms'.padStart(TIME_WIDTH)}    ${'who'.padEnd(WHO_WIDTH)}  what`);
  }

  event(event: TraceEvent): void {
    const style = event.kind === 'fault' ? this.#emphasis.fault : String;
    for (const line of linesOf(event)) this.#write(style(line));
  }

  violation(reason: string): void {
    for (const line of indented(`${' '.repeat(TIME_WIDTH)}  ! ${'VIOLATION'.padEnd(WHO_WIDTH)}  `, reason))
      this.#write(this.#emphasis.violation(line));
  }
}

/** Formats an event as one line, or as several if its text is wider than the rest of the line. */
export function linesOf(event: TraceEvent): string[] {
  const mark = event.kind === 'fault' ? '!' : ' ';
  const head = `${timeOf(event).padStart(TIME_WIDTH)}  ${mark} ${whoOf(event).padEnd(WHO_WIDTH)}  `;
  return indented(head, plainText(event.text));
}

function indented(head: string, text: string): string[] {
  const lines = text.split('\n').flatMap((line) => wrap(line, WIDTH - TEXT_AT));
  return lines.map((line, i) => `${i === 0 ? head : ' '.repeat(TEXT_AT)}${line}`.trimEnd());
}

function whoOf(event: TraceEvent): string {
  const names = concerned(event);
  return event.kind === 'message' ? names.join(' -> ') : names.join(' ') || 'everybody';
}
