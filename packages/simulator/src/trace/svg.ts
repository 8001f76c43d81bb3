/** Draws a recording as an SVG picture. */
import { arrow, box, type Figure, GAP, heads, line, paragraph, textAt } from './figures.js';
import type { Recording } from './recording.js';
import { type Placed, rowsOf } from './rows.js';
import { participantsOf, plainText, timeOf } from './text.js';

const COLUMN = 178;
const GUTTER = 62;
const MARGIN = 16;
/** The least width, which gives the plan enough room even if few processes take part. */
const COLUMNS_MIN = 3;

const STYLE = `
text { font: 11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1a1a1a; text-anchor: middle }
.plan { fill: #555; text-anchor: start }
.time { fill: #777; text-anchor: end; font-size: 10px }
.name { font-weight: bold }
.life { stroke: #b5b5b5; stroke-dasharray: 2 3 }
.arrow { stroke: #1a1a1a; marker-end: url(#head) }
.on-lines { stroke: #fff; stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }
rect { fill: #fff; stroke: #8a8a8a; rx: 2px }
.paper { stroke: none }
.head { fill: #eee; stroke: #1a1a1a }
.record { fill: #e6eef9; stroke: #3d6ea8 }
.fault { fill: #fdebd3; stroke: #c0650f; stroke-dasharray: 4 2 }
.violation { fill: #fbd8d8; stroke: #b3261e; stroke-width: 1.5px }
`;
const ARROW_HEAD =
  '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">' +
  '<path d="M0 1 L8 4 L0 7 z" fill="#1a1a1a"/></marker></defs>';

/** Draws a line for each process, with time going down and messages at their arrival. */
export function svg({ planText, events, violationText }: Recording): string {
  const participants = participantsOf(events);
  const width = GUTTER + Math.max(participants.length, COLUMNS_MIN) * COLUMN + MARGIN;
  const page = new Page();
  page.add(paragraph('plan', planText, MARGIN, width - MARGIN));
  page.add(heads(participants, centerOf));
  const fromY = page.y;
  let time = '';
  for (const row of rowsOf(events, participants)) {
    page.add(...row.map(figureOf));
    for (const { event } of row) {
      if (timeOf(event) !== time) page.drawn.push(textAt('time', GUTTER - GAP, page.y - GAP, timeOf(event)));
      time = timeOf(event);
    }
  }
  const lives = participants.map((_, i) => line('life', centerOf(i), fromY - GAP, centerOf(i), page.y));
  page.add(heads(participants, centerOf));
  if (violationText !== undefined)
    page.add(box('violation', `VIOLATION ${violationText}`, GUTTER + GAP, width - MARGIN - GAP));
  const height = page.y - GAP + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<style>${STYLE}</style>`,
    ARROW_HEAD,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...lives,
    ...page.drawn,
    '</svg>\n',
  ].join('\n');
}

/** Places figures one below the other. */
class Page {
  readonly drawn: string[] = [];
  y = MARGIN;

  /** Places figures side by side, aligned at the bottom, so that arrows are level. */
  add(...figures: readonly Figure[]): void {
    const height = Math.max(...figures.map((figure) => figure.height));
    for (const figure of figures) this.drawn.push(figure.at(this.y + height - figure.height));
    this.y += height + GAP;
  }
}

const centerOf = (column: number): number => GUTTER + (column + 0.5) * COLUMN;

function figureOf({ event, columns }: Placed): Figure {
  const text = plainText(event.text);
  const centers = columns.map(centerOf);
  const [from = 0, to = from] = centers;
  if (event.kind === 'message') return arrow(text, from, to);
  const half = COLUMN / 2 - GAP;
  return box(event.kind, text, Math.min(...centers) - half, Math.max(...centers) + half);
}
