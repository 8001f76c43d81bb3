/** A group's status as text for a terminal of 80 columns. */
import type { GroupRecord } from '@understudy/core';
import type { GroupStatus, ReplicaRow } from './group-status.js';

/** Column titles and widths. With two blanks between columns and the margin, a line has 80 columns at most. */
const COLUMNS = [
  ['replica', 20],
  ['role', 11],
  ['runs', 4],
  ['life', 8],
  ['address', 27],
] as const;
const NAME_MAX = 60;
const NAMES_MAX = 400;
const SETTINGS_MAX = 2000;

export function renderStatus({ group, record, replicas, problems }: GroupStatus): string {
  const adopted = record.adoptedThrough.at(-1);
  const running = record.inSync.length - replicas.filter((row) => row.role !== 'out of sync' && !row.runs).length;
  return [
    `group ${clip(group, NAME_MAX)}`,
    `  term ${record.term}, epoch ${record.epoch}; ${running} of ${record.inSync.length} in-sync replicas run`,
    ...(adopted === undefined ? [] : [`  term ${adopted.term} adopted orders through ${adopted.through}`]),
    ...(record.ended
      ? ['  ended: its last replica stopped; the next one that starts begins anew, without the state']
      : []),
    ...(record.forced ? ['  forced: an operator chose the primary'] : []),
    ...problems.map((problem) => `  problem: ${clip(problem, Number.POSITIVE_INFINITY)}`),
    '',
    line(COLUMNS.map(([title]) => title)),
    ...replicas.map(renderReplica),
    ...renderDifferences(record, replicas),
    '',
  ].join('\n');
}

/** Which code and which settings are in force, and who waits with others. A line may be longer than the terminal. */
function renderDifferences({ code, settings }: GroupRecord, replicas: readonly ReplicaRow[]): readonly string[] {
  const inForce = code.at(-1)?.version ?? '';
  const lines: string[] = [];
  for (const { id, version, waitsWith = [] } of replicas) {
    const name = clip(id, NAME_MAX);
    if (version !== undefined && version !== inForce) {
      lines.push(`  ${name} runs ${clip(version, NAME_MAX)}; the primary's code is ${clip(inForce, NAME_MAX)}`);
    }
    if (waitsWith.length > 0) {
      lines.push(`  ${name} waits with other settings until it is primary: ${clip(waitsWith.join(', '), NAMES_MAX)}`);
    }
  }
  if (lines.length === 0) return [];
  return ['', ...lines, `  settings in force: ${clip(settings, SETTINGS_MAX)}`];
}

function renderReplica(row: ReplicaRow): string {
  return line([row.id, row.role, row.runs ? 'yes' : 'no', row.incarnation?.slice(0, 8) ?? '-', row.address ?? '-']);
}

function line(cells: readonly string[]): string {
  const padded = COLUMNS.map(([, width], i) => {
    const cell = clip(cells[i] ?? '', width);
    return cell + ' '.repeat(width - [...cell].length);
  });
  return `  ${padded.join('  ')}`.trimEnd();
}

/**
 * Shortens a name and replaces its control characters: anybody may have written it, and it must not steer a terminal.
 */
export function clip(text: string, width: number): string {
  const characters = [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')];
  return characters.length <= width ? characters.join('') : `${characters.slice(0, width - 1).join('')}…`;
}
