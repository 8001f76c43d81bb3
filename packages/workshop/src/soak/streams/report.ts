/** The lines and the summary that a soak with streams prints. */
import Table from 'cli-table3';
import colors from 'picocolors';
import { TABLE_STYLE } from '../../demo/show/table-style.js';
import { modeText, ms, quantile, thousands } from '../report.js';
import type { PlayedRound, StreamsOutcome } from './run.js';

/** Returns one line about a run, or more if a promise was broken. */
export function streamsRunLine({ plan, violations, rounds, tookMs, dir }: StreamsOutcome, progress: string): string {
  const { seed, mode, size } = plan;
  const mark = violations.length === 0 ? colors.green('ok  ') : colors.red('FAIL');
  const gaps = rounds.map(({ longestGapMs }) => longestGapMs.toFixed(0)).join(', ');
  const what = `${rounds.length} rounds, ${killsOf(rounds)} kills, gaps ${gaps} ms, ${(tookMs / 1_000).toFixed(0)} s`;
  const lines = [`${mark} ${progress} seed ${seed} ${modeText(mode)}: ${what}`];
  if (violations.length > 0) {
    for (const violation of violations) lines.push(`       ${violation}`);
    const command = `node packages/workshop/dist/soak/command/main.js --streams --runs 1 --seed ${seed} --keep`;
    const { streams, messages, leaseMs } = size;
    const sizes = `--open ${streams} --messages ${messages} --rounds ${size.rounds} --lease-ms ${leaseMs}`;
    lines.push(`       repeat: ${command} ${sizes}`);
    lines.push(`       logs:   ${dir}`);
  }
  return lines.join('\n');
}

/** Returns the summary of all runs. */
export const streamsSummary = (outcomes: readonly StreamsOutcome[]): string =>
  [
    colors.bold('The longest time without an answer on any stream, in rounds with a kill'),
    gapsTable(outcomes),
    '',
    verdict(outcomes),
  ].join('\n');

export const killsOf = (rounds: readonly PlayedRound[]): number => rounds.filter(({ killed }) => killed).length;

function gapsTable(outcomes: readonly StreamsOutcome[]): string {
  const head = ['replication multicast release', 'rounds', 'kills', 'least', 'p50', 'p90', 'max', 'proof'];
  const right = Array.from({ length: head.length - 2 }, () => 'right' as const);
  const table = new Table({ ...TABLE_STYLE, head, colAligns: ['left', ...right, 'left'] });
  const row = (name: string, runs: readonly StreamsOutcome[]): void => {
    const rounds = runs.flatMap((run) => run.rounds);
    const gaps = rounds.filter(({ killed }) => killed).map(({ longestGapMs }) => longestGapMs);
    const times = [0, 0.5, 0.9, 1].map((q) => (gaps.length === 0 ? '-' : ms(quantile(gaps, q))));
    const isProven = runs.every(({ violations }) => violations.length === 0);
    table.push([name, rounds.length, gaps.length, ...times, isProven ? colors.green('ok') : colors.red('FAIL')]);
  };
  for (const mode of new Set(outcomes.map(({ plan }) => modeText(plan.mode)).sort()))
    row(
      mode,
      outcomes.filter(({ plan }) => modeText(plan.mode) === mode),
    );
  row('all', outcomes);
  return table.toString();
}

function verdict(outcomes: readonly StreamsOutcome[]): string {
  const rounds = outcomes.flatMap((run) => run.rounds);
  const messages = outcomes.reduce((sum, { plan: { size }, rounds: { length } }) => {
    return sum + length * size.streams * size.messages;
  }, 0);
  const broken = outcomes.filter(({ violations }) => violations.length > 0);
  if (broken.length === 0)
    return `${colors.green('ok')}   ${killsOf(rounds)} kills, ${thousands(messages)} messages: each answered once, in order, and counted once`;
  const seeds = broken.map(({ plan }) => plan.seed).join(', ');
  return `${colors.red('FAIL')} ${broken.length} of ${outcomes.length} runs broke a promise; seeds ${seeds}`;
}
