/** The report on the rules that were taken out, as text and as Markdown. */
import type { Finding } from './run-mutations.js';

/** Longer reasons are cut. */
const LINE_MAX = 160;

export function textOf({ rule, bound, setting, violation }: Finding): string {
  const where = setting === undefined ? '' : ` of ${setting}`;
  if (violation === undefined) return `${rule}\n  not noticed in ${bound} seeds${where}`;
  return `${rule}\n  seed ${violation.seed}${where}: ${firstLine(violation.reason)}`;
}

export function markdownOf(findings: readonly Finding[]): string {
  const rows = findings.map(({ rule, bound, setting = '', violation }) => {
    if (violation === undefined) return `| ${rule} | not in ${bound} | ${setting} | |`;
    return `| ${rule} | ${violation.seed} | ${setting} | ${firstLine(violation.reason).replaceAll('|', '\\|')} |`;
  });
  return [
    '| rule | seed | in runs with the drill, streams or nested calls | what the simulator then says |',
    '|---|---:|---|---|',
    ...rows,
  ].join('\n');
}

function firstLine(reason: string): string {
  const [line = ''] = reason.split('\n', 1);
  return line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)} …` : line;
}
