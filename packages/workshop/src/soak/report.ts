/** The lines and the summary that a soak prints. */
import type { Mode } from '@understudy/examples/common/mode.js';
import Table from 'cli-table3';
import colors from 'picocolors';
import { TABLE_STYLE } from '../demo/show/table-style.js';
import type { Fault } from './plan.js';
import type { Outcome } from './run.js';

const FAULTS: readonly Fault[] = ['kill-primary', 'hand-over', 'pause-primary', 'kill-backup', 'pause-backup'];

export const modeText = ({ replication, multicast, release, carrier }: Mode): string =>
  `${replication} ${multicast} ${release} ${carrier}`;

/** Returns one line about a run, or more if a promise was broken. */
export function runLine({ plan, violations, operations, longestGapMs, tookMs, dir }: Outcome, nth: string): string {
  const mark = violations.length === 0 ? colors.green('ok  ') : colors.red('FAIL');
  const what = `${modeText(plan.mode)}: ${plan.scenario}`;
  const numbers = `${thousands(operations)} operations, gap ${longestGapMs.toFixed(0)} ms, ${(tookMs / 1_000).toFixed(1)} s`;
  const lines = [`${mark} ${nth} seed ${plan.seed} ${what}; ${numbers}`];
  if (violations.length > 0) {
    for (const violation of violations) lines.push(`       ${violation}`);
    lines.push(`       repeat: node packages/workshop/dist/soak/command/main.js --runs 1 --seed ${plan.seed} --keep`);
    lines.push(`       logs:   ${dir}`);
  }
  return lines.join('\n');
}

/** Returns the summary of all runs. */
export const summary = (outcomes: readonly Outcome[]): string =>
  [
    colors.bold('Runs by mode'),
    modesTable(outcomes),
    '',
    colors.bold('Faults, and the time until the first reply of another primary'),
    faultsTable(outcomes),
    '',
    colors.bold('Failovers after a kill or a pause'),
    phasesTable(outcomes),
    '',
    verdict(outcomes),
  ].join('\n');

function modesTable(outcomes: readonly Outcome[]): string {
  const head = ['replication multicast release carrier', 'runs', 'faults', 'operations', 'gap p50', 'max', 'proof'];
  const table = new Table({ ...TABLE_STYLE, head, colAligns: ['left', ...RIGHT, ...RIGHT, 'left'] });
  for (const mode of new Set(outcomes.map(({ plan }) => modeText(plan.mode)).sort())) {
    const runs = outcomes.filter(({ plan }) => modeText(plan.mode) === mode);
    const gaps = runs.map(({ longestGapMs }) => longestGapMs);
    const proof = runs.every(({ violations }) => violations.length === 0) ? colors.green('ok') : colors.red('FAIL');
    const operations = thousands(sum(runs.map((run) => run.operations)));
    const faults = sum(runs.map((run) => run.faults.length));
    table.push([mode, runs.length, faults, operations, ms(median(gaps)), ms(Math.max(...gaps)), proof]);
  }
  return table.toString();
}

const RIGHT = ['right', 'right', 'right'] as const;

function faultsTable(outcomes: readonly Outcome[]): string {
  const head = ['fault', 'times', 'least', 'p50', 'p90', 'max'];
  const table = new Table({ ...TABLE_STYLE, head, colAligns: ['left', ...RIGHT, 'right', 'right'] });
  const carried = outcomes.flatMap(({ faults }) => faults);
  for (const fault of FAULTS) {
    const these = carried.filter((one) => one.fault === fault);
    const times = these.flatMap(({ firstReplyMs }) => firstReplyMs ?? []);
    table.push([fault, these.length, ...distribution(times)]);
  }
  return table.toString();
}

/**
 * Returns the table of the phases of a failover. The phases of one failover add up to its whole time, but their medians
 * over all failovers do not.
 */
function phasesTable(outcomes: readonly Outcome[]): string {
  const head = ['phase', 'times', 'least', 'p50', 'p90', 'max'];
  const table = new Table({ ...TABLE_STYLE, head, colAligns: ['left', ...RIGHT, 'right', 'right'] });
  const failovers = outcomes.flatMap(({ faults }) =>
    faults.flatMap(({ phases, failoverMs, firstReplyMs }) =>
      phases === undefined || failoverMs === undefined || firstReplyMs === undefined
        ? []
        : [{ ...phases, toReplyMs: firstReplyMs - failoverMs, allMs: firstReplyMs }],
    ),
  );
  const rows: readonly [string, (failover: (typeof failovers)[number]) => number][] = [
    ['detection: a backup claims', ({ detectionMs }) => detectionMs],
    ['claim: the record names it', ({ claimMs }) => claimMs],
    ['recovery: it serves', ({ recoveryMs }) => recoveryMs],
    ['first reply reaches the client', ({ toReplyMs }) => toReplyMs],
    ['all', ({ allMs }) => allMs],
  ];
  for (const [phase, of] of rows) table.push([phase, failovers.length, ...distribution(failovers.map(of))]);
  return table.toString();
}

const distribution = (times: readonly number[]): string[] =>
  times.length === 0 ? ['-', '-', '-', '-'] : [0, 0.5, 0.9, 1].map((q) => ms(quantile(times, q)));

function verdict(outcomes: readonly Outcome[]): string {
  const broken = outcomes.filter(({ violations }) => violations.length > 0);
  if (broken.length === 0)
    return `${colors.green('ok')}   ${outcomes.length} runs, ${thousands(sum(outcomes.map((run) => run.operations)))} operations: nothing lost, doubled or different`;
  const seeds = broken.map(({ plan }) => plan.seed).join(', ');
  return `${colors.red('FAIL')} ${broken.length} of ${outcomes.length} runs broke a promise; seeds ${seeds}`;
}

/** Returns a quantile by nearest rank. The list must not be empty. @param q from 0 to 1 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const ms = (value: number): string => `${value.toFixed(0)} ms`;
export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
