/** The lines of a report that say whether a proof holds. */
import colors from 'picocolors';
import { thousands } from '../show/thousands.js';
import type { Findings, ProblemKind } from './problems.js';

const PROBLEMS_SHOWN = 8;

/**
 * A claim that a proof checks: its text in lines of at most 73 characters, and the kinds of problems that refute it.
 */
export interface Claim {
  readonly lines: readonly string[];
  readonly kinds: readonly ProblemKind[];
}

/** Returns lines for each claim and each shortcoming, then the first problems. */
export const proofLines = (
  findings: Findings,
  claims: readonly Claim[],
  shortcomings: readonly string[] = [],
): string[] => [
  ...claims.map((claim) => claimLines(claim, findings)),
  ...shortcomings.map((shortcoming) => `${mark(false)} ${shortcoming}`),
  ...problemLines(findings),
];

/** Returns lines about the bare service. If it fails the same proof, the proof or the service has a bug. */
export const proofOfBare = (findings: Findings, bareName: string): string[] =>
  findings.problemCount === 0
    ? [`${mark(true)} the ${bareName} passes the same proof`]
    : [`${mark(false)} the ${bareName} does not pass the same proof`, ...problemLines(findings)];

function claimLines({ lines, kinds }: Claim, { problemCounts }: Findings): string {
  const count = kinds.reduce((sum, kind) => sum + (problemCounts[kind] ?? 0), 0);
  const found = count === 0 ? [] : [colors.red(`not so in ${thousands(count)} cases`)];
  return `${mark(count === 0)} ${[...lines, ...found].join('\n       ')}`;
}

function problemLines({ problems, problemCount }: Findings): string[] {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(({ kind, text }) => `       ${kind}: ${text}`);
  const rest = problemCount - shown.length;
  return rest > 0 ? [...shown, `       … and ${thousands(rest)} more`] : shown;
}

const mark = (holds: boolean): string => (holds ? colors.green('  ok  ') : colors.red('  FAIL'));
