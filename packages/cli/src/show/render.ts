/** A group's status as text for a terminal of 80 columns. */
import type { GroupRecord } from '@understudy/core';
import { type Column, clip, tableLine } from '../common/text.js';
import { refusals } from '../group/group-status.js';
import type { LiveRow, LiveStatus } from '../group/live-status.js';

/** With two blanks between columns and the margin, a line has 80 columns at most. */
const COLUMNS: readonly Column[] = [
  { title: 'replica', width: 18 },
  { title: 'role', width: 9 },
  { title: 'in sync', width: 7 },
  { title: 'lag', width: 6 },
  { title: 'term', width: 5 },
  { title: 'version', width: 12, keepsEnd: true },
  { title: 'load', width: 9 },
];
const WIDE: readonly Column[] = [
  { title: 'life', width: 8 },
  { title: 'address', width: 60 },
];
const NAME_MAX = 60;
const NAMES_MAX = 400;
const SETTINGS_MAX = 2000;
const SENTENCE_MAX = 300;

export interface RenderOptions {
  /** Calls that the group ordered a second; undefined if nobody knows. */
  readonly load?: number | undefined;
  /** Adds columns beyond the width of 80. */
  readonly wide?: boolean | undefined;
}

export function renderStatus(status: LiveStatus, { load, wide = false }: RenderOptions = {}): string {
  const { group, record, replicas, problems } = status;
  const adopted = record.adoptedThrough.at(-1);
  const running = record.inSync.length - replicas.filter((row) => row.role !== 'out of sync' && !row.runs).length;
  const equalUpTo = replicas.find(({ role }) => role === 'primary')?.told?.report.statesEqualUpTo ?? 0;
  const columns = wide ? [...COLUMNS, ...WIDE] : COLUMNS;
  return [
    `group ${clip(group, NAME_MAX)}`,
    `  term ${record.term}, epoch ${record.epoch}; ${running} of ${record.inSync.length} in-sync replicas run`,
    ...(adopted === undefined ? [] : [`  term ${adopted.term} adopted orders through ${adopted.through}`]),
    ...(equalUpTo === 0 ? [] : [`  all states equal after order ${equalUpTo}`]),
    ...(record.ended
      ? ['  ended: its last replica stopped; the next one that starts begins anew, without the state']
      : []),
    ...(record.forced ? ['  forced: an operator chose the primary'] : []),
    ...refusals(record).map((text) => `  ${clip(text, SENTENCE_MAX)}`),
    ...problems.map((problem) => `  problem: ${clip(problem, Number.POSITIVE_INFINITY)}`),
    '',
    tableLine(
      columns,
      columns.map(({ title }) => title),
    ),
    ...replicas.map((row) => tableLine(columns, cellsOf(row, load))),
    ...renderDifferences(record, replicas),
    ...renderRemarks(replicas),
    '',
  ].join('\n');
}

function cellsOf(row: LiveRow, load: number | undefined): readonly string[] {
  const report = row.told?.report;
  return [
    row.id,
    roleOf(row),
    row.role === 'out of sync' ? 'no' : 'yes',
    row.lag === undefined ? '-' : `${row.lag}`,
    report === undefined ? '-' : `${report.term}`,
    report?.version || row.version || '-',
    row.role === 'primary' && load !== undefined ? `${load < 10 ? load.toFixed(1) : load.toFixed(0)}/s` : '-',
    row.incarnation?.slice(0, 8) ?? '-',
    row.address ?? '-',
  ];
}

/** What the replica says of its role, or else what the record says. */
function roleOf({ runs, told, role }: LiveRow): string {
  if (!runs) return role === 'primary' ? 'dead' : 'gone';
  return told?.report.role ?? (role === 'out of sync' ? 'joining' : role === 'in sync' ? 'backup' : role);
}

/**
 * Which code and settings are in force, and which replicas wait with others. A line may be longer than the terminal is
 * wide.
 */
function renderDifferences({ code, settings }: GroupRecord, replicas: readonly LiveRow[]): readonly string[] {
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

/** What single replicas report to be wrong. */
function renderRemarks(replicas: readonly LiveRow[]): readonly string[] {
  const lines: string[] = [];
  for (const { id, told, silence } of replicas) {
    const { blocked, degraded, leaving, recordChange } = told?.report ?? {};
    const said = [blocked, degraded && `degraded: ${degraded}`, leaving, recordChange];
    for (const { method, times } of told?.report.diverging ?? [])
      said.push(`differed from the primary ${times} times in ${method || 'an unknown method'}`);
    if (silence?.kind === 'unreachable') said.push(`does not answer: ${silence.why}`);
    for (const text of said) {
      if (text !== undefined) lines.push(`  ${clip(id, NAME_MAX)}: ${clip(text, SENTENCE_MAX)}`);
    }
  }
  const refusing = replicas.filter(({ silence }) => silence?.kind === 'refused');
  if (refusing.length > 0) {
    const names = clip(refusing.map(({ id }) => id).join(', '), NAMES_MAX);
    lines.push(`  ${names} tell more to who proves himself: --group-secret-file, or --peer-tls-cert`);
  }
  return lines.length === 0 ? [] : ['', ...lines];
}
