/** The client process of the chat's demo. */
import { ChatClient } from '@understudy/examples/chat/proto.js';
import { chatServiceConfig } from '@understudy/examples/chat/service-config.js';
import { connect } from '../../../hosting/connect.js';
import { runDriver } from '../../drive/run-driver.js';
import type { StreamsJob } from '../job.js';
import { Journal } from '../journal.js';
import type { ChatEvidence, ChatResult } from './chat-evidence.js';
import { readHistory, Talker } from './talker.js';

const ROOM = 'quay';
/** How many of the latest messages a participant reads from the history in the middle of the run. */
const READ_BACK = 100;

await runDriver<StreamsJob, ChatEvidence, ChatResult>(async ({ target, mode, clients, messages }, report) => {
  const stub = () => connect(ChatClient, chatServiceConfig, target, mode);
  const stubs = await Promise.all(Array.from({ length: clients }, stub));
  const journal = new Journal();
  let heard = 0;
  const onHeard = (): void => report.progress(++heard);
  const talkers = stubs.map((client, index) => new Talker(client, ROOM, `guest ${index + 1}`, journal, onHeard));
  await Promise.all(talkers.map((talker) => talker.entered()));
  await report.begin();

  const readings: Promise<ChatEvidence>[] = [];
  const converse = talkers.map(async (talker, index) => {
    const half = Math.floor(messages / 2);
    await talker.talk(half);
    const client = stubs[index];
    if (client) readings.push(readHistory(client, ROOM, Math.max(0, journal.seen - READ_BACK), journal));
    await talker.talk(messages - half);
  });
  await Promise.all(converse);
  // No participant leaves before the last message was said, so that all of them hear all messages.
  const participants = await Promise.all(talkers.map((talker) => talker.leave()));
  report.end();
  const { arrivedAtMs } = journal;

  const [client] = stubs;
  const all = client && (await readHistory(client, ROOM, 0, journal));
  const between = await Promise.all(readings);
  journal.close();
  return { pieces: [...participants, ...between, ...(all ? [all] : [])], result: { arrivedAtMs } };
});
