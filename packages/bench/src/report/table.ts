import Table from 'cli-table3';
import type { Spread } from '../measure/statistics.js';

/** Columns two spaces apart, without lines: five columns of numbers fit into 80. */
const STYLE = {
  chars: {
    ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
    ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
    ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** The first column names a row, all others are numbers. */
export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const colAligns = head.map((_name, column) => (column === 0 ? ('left' as const) : ('right' as const)));
  const drawn = new Table({ ...STYLE, head: [...head], colAligns });
  for (const row of rows) drawn.push([...row]);
  return `${title}\n${drawn.toString()}`;
}

/** Three digits that count; whole numbers from 100 on. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 99.95) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

export const range = ({ min, max }: Spread): string => `${digits(min)}–${digits(max)}`;
