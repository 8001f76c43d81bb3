import type { Finding } from './run-mutations.js';

const LINE_MAX = 160;

export function textOf({ rule, bound, violation }: Finding): string {
  if (violation === undefined) return `${rule}\n  not noticed in ${bound} seeds`;
  return `${rule}\n  seed ${violation.seed}: ${firstLine(violation.reason)}`;
}

export function markdownOf(findings: readonly Finding[]): string {
  const rows = findings.map(({ rule, bound, violation }) => {
    if (violation === undefined) return `| ${rule} | not in ${bound} | |`;
    return `| ${rule} | ${violation.seed} | ${firstLine(violation.reason).replaceAll('|', '\\|')} |`;
  });
  return ['| rule | seeds to detection | what the simulator then says |', '|---|---:|---|', ...rows].join('\n');
}

function firstLine(reason: string): string {
  const [line = ''] = reason.split('\n', 1);
  return line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)} …` : line;
}
