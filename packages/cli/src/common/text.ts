/** Text for terminals. */

/**
 * Shortens a name and replaces its control characters: anybody may have written it, and it must not steer a terminal.
 */
export function clip(text: string, width: number): string {
  const characters = harmless(text);
  return characters.length <= width ? characters.join('') : `${characters.slice(0, width - 1).join('')}…`;
}

/** Shortens a text whose end says more than its beginning, such as a version. */
export function clipStart(text: string, width: number): string {
  const characters = harmless(text);
  return characters.length <= width
    ? characters.join('')
    : `…${characters.slice(characters.length - width + 1).join('')}`;
}

const harmless = (text: string): readonly string[] => [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')];

export interface Column {
  readonly title: string;
  readonly width: number;
  /** Whether the beginning of a long text is left out instead of its end. */
  readonly keepsEnd?: boolean;
}

/** A line of a table: two blanks between columns, none at the end. */
export function tableLine(columns: readonly Column[], cells: readonly string[]): string {
  const padded = columns.map(({ width, keepsEnd }, i) => {
    const cell = (keepsEnd === true ? clipStart : clip)(cells[i] ?? '', width);
    return cell + ' '.repeat(width - [...cell].length);
  });
  return `  ${padded.join('  ')}`.trimEnd();
}

export const quoted = (text: string): string => JSON.stringify(text);
