/** The summary of many runs, as text and as JSON. */
import type { RunResult } from '../run.js';
import { plainText } from '../trace/text.js';
import { seedAfter } from './batches.js';
import type { ManyOptions } from './options.js';
import type { Endings, Failure, Tally } from './tally.js';

/** The columns of the table, in order. */
const ENDINGS = ['whole', 'blocked', 'unavailable', 'violated'] as const;
const WIDTH = 80;
const COUNT_WIDTH = 9;

export function summaryOf(tally: Tally, { from, seeds, repeat }: ManyOptions, realMs: number): string {
  const { runs, failed } = tally;
  const played =
    runs + failed < seeds
      ? `${runs + failed} of ${seeds} seeds from ${from} on`
      : `seeds ${from} to ${seedAfter(from, seeds - 1)}`;
  return [
    `${played}: ${runs} runs in ${durationOf(realMs)}, ${perSecond(runs, realMs)}/s`,
    `${durationOf(tally.virtualMs)} of virtual time, ${tally.steps} steps, ${tally.operations} operations`,
    ...(tally.undecided === 0 ? [] : [`${tally.undecided} checks for linearizability left undecided: too long`]),
    '',
    ...modesTable(tally.byMode),
    ...listOf(tally.violations, tally.violated, 'violated', repeat),
    ...listOf(tally.failures, failed, 'without a result', repeat),
    '',
  ].join('\n');
}

export const summaryJson = (tally: Tally, { from, seeds }: ManyOptions, realMs: number): string => {
  const { runs, virtualMs, steps, operations, undecided, byMode, violated, violations, failed, failures } = tally;
  const modes = Object.fromEntries(byMode);
  return jsonOf({
    from,
    seeds,
    runs,
    realMs,
    virtualMs,
    steps,
    operations,
    undecided,
    modes,
    violated,
    violations,
    failed,
    failures,
  });
};

export const resultJson = (result: RunResult): string => jsonOf(result);

/** Writes seeds as texts in JSON, because they have more digits than most readers keep of a number. */
const jsonOf = (value: unknown): string =>
  `${JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part), 2)}\n`;

export const resultText = ({ seed, mode, ending, steps, operations, virtualMs, reason }: RunResult): string =>
  [
    `seed ${seed}: ${ending}${reason === undefined ? '' : `: ${plainText(reason)}`}`,
    `${mode}; ${steps} steps, ${operations} operations, ${virtualMs.toFixed(0)} ms of virtual time`,
    '',
  ].join('\n');

/** Returns one table for each kind of replication. One table with whole modes would be wider than a terminal. */
export function modesTable(byMode: ReadonlyMap<string, Endings>): string[] {
  const modes = [...byMode.keys()].sort().map((mode) => mode.split(', '));
  const widths = modes[0]?.map((_, i) => Math.max(...modes.map((mode) => mode[i]?.length ?? 0))) ?? [];
  const lines: string[] = [];
  const indent = widths.slice(1).reduce((sum, width) => sum + width + 2, 0);
  let part = '';
  for (const mode of modes) {
    const [replication = '', ...rest] = mode;
    if (replication !== part) {
      lines.push(replication.padEnd(indent) + ENDINGS.map((ending) => ending.padStart(widthOf(ending))).join(''));
      part = replication;
    }
    const endings = byMode.get(mode.join(', '));
    lines.push(
      `  ${rest.map((name, i) => name.padEnd(widths[i + 1] ?? 0)).join('  ')}`.padEnd(indent) + countsOf(endings),
    );
  }
  const all = { whole: 0, blocked: 0, unavailable: 0, violated: 0 };
  for (const endings of byMode.values()) for (const ending of ENDINGS) all[ending] += endings[ending];
  return [...lines, 'all'.padEnd(indent) + countsOf(all)];
}

const countsOf = (endings: Endings | undefined): string =>
  ENDINGS.map((ending) => String(endings?.[ending] ?? 0).padStart(widthOf(ending))).join('');

const widthOf = (ending: string): number => Math.max(COUNT_WIDTH, ending.length + 2);

function listOf(listed: readonly Failure[], count: number, what: string, repeat: string): string[] {
  if (count === 0) return [];
  const more = count > listed.length ? `, of which the first ${listed.length}` : '';
  return [
    '',
    `${count} ${count === 1 ? 'run' : 'runs'} ${what}${more}:`,
    ...listed.flatMap((failure) => [
      `  ${briefly(failure)}`,
      `    npm run simulate -- --seed ${failure.seed} --trace${repeat}`,
    ]),
  ];
}

/** Puts a text on one line. */
export function briefly({ seed, reason }: Failure): string {
  const text = `seed ${seed}: ${plainText(reason.split('\n')[0] ?? '')}`;
  return text.length <= WIDTH - 2 ? text : `${text.slice(0, WIDTH - 3)}…`;
}

/** Formats a duration in the largest unit of which it has at least one. */
export function durationOf(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const;
  const [unit, size] = units.find(([, least]) => ms >= least) ?? ['s', 1000];
  return `${(ms / size).toFixed(1)} ${unit}`;
}

const perSecond = (runs: number, ms: number): string => (ms > 0 ? (runs / (ms / 1000)).toFixed(0) : '-');
