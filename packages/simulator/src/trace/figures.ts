/** The figures of an SVG picture: arrows, boxes and texts. */
import { wrap } from './text.js';

export const LINE = 13;
export const PADDING = 4;
export const GAP = 7;
/** Width of a character in the font at its size. */
const CHARACTER = 6.65;
/** Longer texts are cut. A viewer shows the whole text under the pointer. */
const LINES_MAX = 5;
const CHARACTERS_MIN = 8;
const NAME_WIDTH = 92;

/** A figure, whose height is known before its place. */
export interface Figure {
  readonly height: number;
  readonly at: (y: number) => string;
}

/** Draws an arrow with its text above it. */
export function arrow(text: string, from: number, to: number): Figure {
  const lines = cut(text, Math.abs(to - from) - 3 * GAP);
  const height = lines.length * LINE + PADDING;
  const middle = (from + to) / 2;
  const draw = (y: number) => [...block(lines, middle, y, 'on-lines'), line('arrow', from, y + height, to, y + height)];
  return { height, at: (y) => titled(text, draw(y)) };
}

/** Draws a box. @param kind CSS class, which gives the box its colours */
export function box(kind: string, text: string, left: number, right: number): Figure {
  const lines = cut(text, right - left - 2 * PADDING);
  const height = lines.length * LINE + 2 * PADDING;
  const frame = (y: number) => rectangle(kind, left, y, right - left, height);
  const draw = (y: number) => [frame(y), ...block(lines, (left + right) / 2, y + PADDING - 1)];
  return { height, at: (y) => titled(text, draw(y)) };
}

export function heads(names: readonly string[], centerOf: (column: number) => number): Figure {
  const height = LINE + 2 * PADDING;
  const head = (name: string, x: number, y: number) =>
    rectangle('head', x - NAME_WIDTH / 2, y, NAME_WIDTH, height) + textAt('name', x, y + LINE, name);
  return { height, at: (y) => names.map((name, i) => head(name, centerOf(i), y)).join('\n') };
}

/** Draws a text as wide as the page. */
export function paragraph(kind: string, text: string, left: number, right: number): Figure {
  const lines = wrap(text, charactersIn(right - left));
  return { height: lines.length * LINE, at: (y) => block(lines, left, y, kind).join('\n') };
}

export const textAt = (kind: string, x: number, y: number, text: string): string =>
  `<text class="${kind}" x="${x}" y="${y}">${escapeXml(text)}</text>`;

export const line = (kind: string, x1: number, y1: number, x2: number, y2: number): string =>
  `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;

const rectangle = (kind: string, x: number, y: number, width: number, height: number): string =>
  `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;

const titled = (text: string, parts: readonly string[]): string =>
  `<g><title>${escapeXml(text)}</title>${parts.join('')}</g>`;

const block = (lines: readonly string[], x: number, y: number, kind = ''): string[] =>
  lines.map((one, i) => textAt(kind, x, y + (i + 1) * LINE - 3, one));

function cut(text: string, width: number): string[] {
  const lines = text.split('\n').flatMap((one) => wrap(one, charactersIn(width)));
  return lines.length <= LINES_MAX ? lines : [...lines.slice(0, LINES_MAX - 1), '…'];
}

const charactersIn = (width: number): number => Math.max(CHARACTERS_MIN, Math.floor(width / CHARACTER));

/** Escapes a text for XML, which allows no control characters at all. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/(?!\n)\p{Cc}/gu, '?');
