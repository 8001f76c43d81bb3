import colors from 'picocolors';
import type { StreamsOptions } from '../options.js';
import { proofLines, proofOfBare } from '../proof/proof-lines.js';
import { ratePerSecond } from '../report/measure.js';
import { ratesTable } from '../report/rates.js';
import { thousands } from '../report/thousands.js';
import { timelineTable } from '../report/timeline.js';
import type { ReplicatedStreamsRun, StreamsRun } from './run-streams.js';

/** Names of what was run, for the report. */
interface Names {
  readonly title: string;
  readonly clients: string;
}

/** Everything that the demo says at its end; no line is longer than 80 characters but those that quote a problem. */
export const streamsReport = (
  bare: StreamsRun,
  ours: ReplicatedStreamsRun,
  { title, clients }: Names,
  options: StreamsOptions,
): string =>
  [
    colors.bold(`Timeline of the replicated ${title}`),
    timelineTable(ours.timeline, ours.measured, { one: 'message', many: 'messages' }),
    '',
    colors.bold(`Messages a second that came to ${options.clients} ${clients}`),
    ratesTable(bare.measured, ours.measured, ours.timeline, { bareName: `bare ${title}`, whole: 'the whole run' }),
    'Each server is a process, and all clients are one; all share this machine.',
    '',
    colors.bold('Proof'),
    ...proofLines(ours.proof, ours.proof.claims, ours.shortcomings),
    ...proofOfBare(bare.proof, `bare ${title}`),
  ].join('\n');

/** The same for a run without replicas. */
export const bareReport = ({ measured, proof }: StreamsRun, { title, clients }: Names, options: StreamsOptions) => {
  const { replies, startedAtMs, endedAtMs } = measured;
  const rate = ratePerSecond(replies, startedAtMs, endedAtMs);
  return [
    colors.bold(`Messages that came to ${options.clients} ${clients} of the bare ${title}`),
    `${thousands(replies.length)} in ${((endedAtMs - startedAtMs) / 1_000).toFixed(3)} s: ${thousands(rate)} a second`,
    '',
    colors.bold('Proof'),
    ...proofLines(proof, proof.claims),
  ].join('\n');
};
