/** Draws the tables and numbers of the report. */
import Table from 'cli-table3';
import type { Spread } from '../measure/statistics.js';

/** Columns are two spaces apart and have no lines, so that many numbers fit into 80 columns. */
const STYLE = {
  chars: {
    ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
    ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
    ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** Draws a table. The first column names the row; all others are numbers. */
export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const colAligns = head.map((_name, column) => (column === 0 ? ('left' as const) : ('right' as const)));
  const drawn = new Table({ ...STYLE, head: [...head], colAligns });
  for (const row of rows) drawn.push([...row]);
  return `${title}\n${drawn.toString()}`;
}

/** A number with three significant digits, or a whole number from 100 on. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 99.95) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

export const range = ({ min, max }: Spread): string => `${digits(min)}–${digits(max)}`;
