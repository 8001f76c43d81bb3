/** The report that ends the demo of the bank. */
import colors from 'picocolors';
import type { DemoOptions } from '../command/options.js';
import { type Claim, proofLines, proofOfBare } from '../proof/proof-lines.js';
import type { Verdict } from '../proof/verify.js';
import { thousands } from '../show/thousands.js';
import type { Measured } from './measure.js';
import { ratesTable } from './rates.js';
import type { DriveRecord, ProvenRun, ReplicatedRun } from './runs.js';
import { timelineTable } from './timeline.js';

/** Returns the report. Only lines that quote a problem are longer than 80 characters. */
export const report = (bare: ProvenRun, ours: ReplicatedRun, options: DemoOptions, operations: number): string =>
  [
    colors.bold('Timeline of the replicated bank'),
    timelineTable(ours.timeline, measured(ours.record), { one: 'reply', many: 'replies' }),
    '',
    colors.bold(`Calls a second, ${options.inFlight} in flight, after a warm-up of ${options.warmUp} operations`),
    ratesTable(measured(bare.record), measured(ours.record), ours.timeline, {
      bareName: 'bare bank',
      whole: 'the whole file',
    }),
    'Each client, replica and bare bank is a process; all share this machine.',
    '',
    colors.bold('Proof'),
    ...proofLines(ours.verdict, claims(ours.verdict, operations, options.warmUp), ours.shortcomings),
    ...proofOfBare(bare.verdict, 'bare bank'),
  ].join('\n');

/** Tells whether a run kept all promises. */
export const isProven = ({ verdict, shortcomings }: ReplicatedRun): boolean =>
  verdict.problemCount === 0 && shortcomings.length === 0;

const measured = ({ fileReplies, startedAtMs, endedAtMs }: DriveRecord): Measured => ({
  replies: fileReplies,
  startedAtMs,
  endedAtMs,
});

const claims = ({ replies, places, refused, accounts }: Verdict, operations: number, warmUp: number): Claim[] => [
  {
    kinds: ['lost', 'doubled', 'unknown'],
    lines: [
      `each of ${thousands(operations)} operations and ${thousands(warmUp)} warm-up operations has one reply;`,
      `each of the ${thousands(places)} that change accounts has one place in the order`,
    ],
  },
  {
    kinds: ['different', 'stale', 'unfinished'],
    lines: [
      `${thousands(replies)} replies, ${thousands(refused)} refusals among them, equal those of an`,
      'unreplicated bank that takes the operations in the announced order',
    ],
  },
  { kinds: ['balance', 'audit'], lines: [`${thousands(accounts)} balances equal the sums over the file`] },
];
