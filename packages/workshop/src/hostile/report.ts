/** The report that a hostile run prints at its end. */
import Table from 'cli-table3';
import colors from 'picocolors';
import { TABLE_STYLE } from '../demo/show/table-style.js';
import { thousands } from '../demo/show/thousands.js';
import type { HostileOutcome } from './run.js';

const MIB = 1024 * 1024;
const REFUSALS_SHOWN = 3;

export function hostileReport({ results, honest, peakBytes, allowedBytes, violations, dir }: HostileOutcome): string {
  const table = new Table({ ...TABLE_STYLE, head: ['attack', 'frames', 'MiB', 'refused, by code'] });
  for (const { attack, frames, bytes, refusals } of results) {
    const most = Object.entries(refusals).sort(([, a], [, b]) => b - a);
    const shown = most.slice(0, REFUSALS_SHOWN).map(([code, times]) => `${code} ${thousands(times)}`);
    table.push([attack, thousands(frames), thousands(bytes / MIB), shown.join('\n')]);
  }
  const peaks = Object.entries(peakBytes).map(
    ([id, bytes]) => `${id} ${thousands(bytes / MIB)} of ${thousands((allowedBytes[id] ?? 0) / MIB)} MiB`,
  );
  const worst = `the longest took ${thousands(honest.worstMs)} ms`;
  const lines = [
    table.toString(),
    `honest clients: ${thousands(honest.calls)} calls, ${worst}`,
    `most memory:    ${peaks.join(', ')}`,
    ...violations.map((violation) => `${colors.red('FAIL')} ${violation}`),
    violations.length === 0
      ? `${colors.green('ok')}   no honest call failed, no replica ended or took more memory than its budgets give, and all are in sync`
      : `     logs: ${dir}`,
  ];
  return lines.join('\n');
}
