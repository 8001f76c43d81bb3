/** The client process of a round: runs all streams at once, each as fast as it is answered. */
import { writeAll } from '@understudy/examples/common/write-all.js';
import { CountingClient, type CountReply } from '@understudy/examples/counting/proto.js';
import { countingServiceConfig } from '@understudy/examples/counting/service-config.js';
import { runDriver } from '../../demo/drive/run-driver.js';
import { longestGapMs } from '../../demo/report/measure.js';
import { Journal } from '../../demo/streams/journal.js';
import { connect } from '../../hosting/connect.js';
import type { CountEvidence, CountJob, CountResult } from './evidence.js';

interface Shared {
  readonly messages: number;
  readonly journal: Journal;
  readonly onAnswer: () => void;
}

async function count(client: CountingClient, tally: string, shared: Shared): Promise<CountEvidence> {
  const { messages, journal, onAnswer } = shared;
  const answers: number[] = [];
  const call = client.count();
  call.on('data', ({ number, counted, place }: CountReply) => {
    answers.push(number, counted, place);
    journal.arrived(place);
    onAnswer();
  });
  const ended = journal.ended(call);
  const requests = Array.from({ length: messages }, (_, index) => ({ tally, number: index + 1 }));
  writeAll(call, requests, () => call.end());
  const end = await ended;
  return { tally, answers: Uint32Array.from(answers), end };
}

await runDriver<CountJob, CountEvidence, CountResult>(async (job, report) => {
  const { target, mode, sessions, tallies, messages } = job;
  const stub = () => connect(CountingClient, countingServiceConfig, target, mode);
  const stubs = await Promise.all(Array.from({ length: sessions }, stub));
  const journal = new Journal();
  let answers = 0;
  const shared = { messages, journal, onAnswer: () => report.progress(++answers) };
  await report.begin();
  const streams = tallies.map((tally, index) => {
    const client = stubs[index % sessions];
    if (client === undefined) throw new Error('There is no session.');
    return count(client, tally, shared);
  });
  const pieces = await Promise.all(streams);
  report.end();
  journal.close();
  const arrived = Array.from(journal.arrivedAtMs, (atMs) => ({ atMs }));
  return { pieces, result: { longestGapMs: longestGapMs(arrived, 0, Number.POSITIVE_INFINITY) } };
});
