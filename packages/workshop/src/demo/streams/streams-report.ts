/** The reports that end the demos with streams. */
import colors from 'picocolors';
import type { StreamsOptions } from '../command/options.js';
import { proofLines, proofOfBare } from '../proof/proof-lines.js';
import { ratePerSecond } from '../report/measure.js';
import { ratesTable } from '../report/rates.js';
import { timelineTable } from '../report/timeline.js';
import { thousands } from '../show/thousands.js';
import type { ReplicatedStreamsRun, StreamsRun } from './run-streams.js';

/** The words for the example and its clients in a report. */
interface Names {
  readonly title: string;
  readonly clients: string;
}

/** Returns the report. Only lines that quote a problem are longer than 80 characters. */
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
    colors.bold(`Messages a second received by ${options.clients} ${clients}`),
    ratesTable(bare.measured, ours.measured, ours.timeline, { bareName: `bare ${title}`, whole: 'the whole run' }),
    'Each server is a process, all clients are one; they share this machine.',
    '',
    colors.bold('Proof'),
    ...proofLines(ours.proof, ours.proof.claims, ours.shortcomings),
    ...proofOfBare(bare.proof, `bare ${title}`),
  ].join('\n');

/** Returns the report of a run without replicas. */
export const bareReport = ({ measured, proof }: StreamsRun, { title, clients }: Names, options: StreamsOptions) => {
  const { replies, startedAtMs, endedAtMs } = measured;
  const rate = ratePerSecond(replies, startedAtMs, endedAtMs);
  return [
    colors.bold(`Messages received by ${options.clients} ${clients} of the bare ${title}`),
    `${thousands(replies.length)} in ${((endedAtMs - startedAtMs) / 1_000).toFixed(3)} s: ${thousands(rate)} a second`,
    '',
    colors.bold('Proof'),
    ...proofLines(proof, proof.claims),
  ].join('\n');
};
