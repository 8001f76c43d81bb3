import Table from 'cli-table3';
import colors from 'picocolors';
import { ratePerSecond } from './measure.js';
import type { DemoOptions } from './options.js';
import type { ProblemKind } from './problems.js';
import type { ProvenRun, ReplicatedRun, TimelineEntry } from './run-demo.js';
import { TABLE_STYLE } from './table-style.js';
import type { Verdict } from './verify.js';

const PROBLEMS_SHOWN = 8;

/** Everything that the demo says at its end; no line is longer than 80 characters but those that quote a problem. */
export const report = (bare: ProvenRun, ours: ReplicatedRun, options: DemoOptions, operations: number): string =>
  [
    colors.bold('Timeline of the replicated bank'),
    timelineTable(ours),
    '',
    colors.bold(`Calls a second, ${options.inFlight} in flight, after a warm-up of ${options.warmUp} operations`),
    ratesTable(bare, ours),
    'Each client, replica and bare bank is a process; all share this machine.',
    '',
    colors.bold('Proof'),
    ...proofLines(ours, operations, options.warmUp),
    ...proofOfBare(bare),
  ].join('\n');

/** Whether the run is all that was promised. */
export const isProven = ({ verdict, shortcomings }: ReplicatedRun): boolean =>
  verdict.problemCount === 0 && shortcomings.length === 0;

function timelineTable({ timeline, record }: ReplicatedRun): string {
  const colAligns: ('left' | 'right')[] = ['right', 'right', 'left', 'left', 'right'];
  const table = new Table({ ...TABLE_STYLE, colAligns, head: ['at', 'term', 'replica', 'what', 'no reply for'] });
  for (const entry of timeline) {
    const gap = entry.gapMs === undefined ? '' : `${entry.gapMs.toFixed(0)} ms`;
    table.push([
      secondsAt(entry.atMs, record.startedAtMs),
      entry.term,
      entry.replica,
      whatHappened(entry, record),
      gap,
    ]);
  }
  table.push([secondsAt(record.endedAtMs, record.startedAtMs), '', 'client', 'has the last reply', '']);
  return table.toString();
}

function whatHappened({ kind, inSync, atMs }: TimelineEntry, { fileReplies }: ReplicatedRun['record']): string {
  if (kind === 'serves') return `serves with ${inSync} in sync`;
  const answered = fileReplies.filter((reply) => reply.atMs <= atMs).length;
  return colors.red(`killed after ${thousands(answered)} replies`);
}

function ratesTable(bare: ProvenRun, ours: ReplicatedRun): string {
  const colAligns: ('left' | 'right')[] = ['left', 'right', 'right', 'right'];
  const table = new Table({ ...TABLE_STYLE, colAligns, head: ['', 'bare bank', 'Understudy', 'ratio'] });
  const firstKillMs = ours.timeline.find(({ kind }) => kind === 'killed')?.atMs;
  if (firstKillMs !== undefined) {
    const replies = ours.record.fileReplies.filter(({ atMs }) => atMs <= firstKillMs).length;
    const bareUntilMs = bare.record.fileReplies[replies - 1]?.atMs ?? bare.record.endedAtMs;
    table.push(
      ratesRow('until the first kill, undisturbed', rateUntil(bare, bareUntilMs), rateUntil(ours, firstKillMs)),
    );
  }
  const [whole, oursWhole] = [bare, ours].map((run) => rateUntil(run, run.record.endedAtMs));
  table.push(ratesRow('the whole file, kills included', whole ?? 0, oursWhole ?? 0));
  return table.toString();
}

const ratesRow = (what: string, bare: number, ours: number): string[] => [
  what,
  thousands(bare),
  thousands(ours),
  bare > 0 ? (ours / bare).toFixed(2) : '-',
];

const rateUntil = ({ record: { fileReplies, startedAtMs } }: ProvenRun, untilMs: number): number =>
  ratePerSecond(fileReplies, startedAtMs, untilMs);

function proofLines({ verdict, shortcomings }: ReplicatedRun, operations: number, warmUp: number): string[] {
  const { replies, places, refused, accounts } = verdict;
  const lines = [
    line(
      verdict,
      ['lost', 'doubled', 'unknown'],
      [
        `each of ${thousands(operations)} operations and ${thousands(warmUp)} of the warm-up has one reply;`,
        `each of ${thousands(places)} that change something has one place in the order`,
      ],
    ),
    line(
      verdict,
      ['different', 'stale', 'unfinished'],
      [
        `${thousands(replies)} replies, ${thousands(refused)} refusals among them, equal those of an`,
        'unreplicated bank that is given the operations in the announced order',
      ],
    ),
    line(verdict, ['balance', 'audit'], [`${thousands(accounts)} balances equal the sums over the file`]),
  ];
  for (const shortcoming of shortcomings) lines.push(`${colors.red('  FAIL')} ${shortcoming}`);
  return [...lines, ...problemLines(verdict)];
}

function line({ problemCounts }: Verdict, kinds: readonly ProblemKind[], claim: readonly string[]): string {
  const count = kinds.reduce((sum, kind) => sum + (problemCounts[kind] ?? 0), 0);
  const mark = count === 0 ? colors.green('  ok  ') : colors.red('  FAIL');
  const found = count === 0 ? [] : [colors.red(`not so in ${thousands(count)} cases`)];
  return `${mark} ${[...claim, ...found].join('\n       ')}`;
}

function problemLines({ problems, problemCount }: Verdict): string[] {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(({ kind, text }) => `       ${kind}: ${text}`);
  const rest = problemCount - shown.length;
  return rest > 0 ? [...shown, `       … and ${thousands(rest)} more`] : shown;
}

/** The bare bank is judged by the same proof: if it fails, the proof or the bank is wrong. */
const proofOfBare = ({ verdict }: ProvenRun): string[] =>
  verdict.problemCount === 0
    ? [`${colors.green('  ok  ')} the bare bank passes the same proof`]
    : [`${colors.red('  FAIL')} the bare bank does not pass the same proof`, ...problemLines(verdict)];

const secondsAt = (atMs: number, startedAtMs: number): string => `${((atMs - startedAtMs) / 1_000).toFixed(3)} s`;
const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
