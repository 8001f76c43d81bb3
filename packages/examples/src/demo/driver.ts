import { connectBare } from '../bank/client.js';
import { readOperations } from '../bank/operations-file.js';
import type { BankClient } from '../bank/proto.js';
import { jsonLogger } from '../hosting/json-logger.js';
import { endWithParent, tellParent } from '../hosting/parent.js';
import { monotonicMs } from './clock.js';
import { collectBooks } from './collect.js';
import { type DrivenReply, Driver } from './drive.js';
import type { DriverCommand, DriverJob, DriverMessage } from './messages.js';
import { accountsOf, warmUpOperations } from './workload.js';

// The client process of the demo: its one argument is a DriverJob as JSON.

const PROGRESS_MS = 10;
const REPLIES_A_MESSAGE = 2_000;

const tell = (message: DriverMessage): void => tellParent(message);
const go = new Promise<void>((resolve) => {
  process.on('message', (message: DriverCommand) => message.kind === 'go' && resolve());
});

async function run({ target, mode, input, inFlight, warmUp }: DriverJob): Promise<void> {
  const operations = await readOperations(input);
  const warmUps = warmUpOperations(warmUp);
  const client = await connect(target, mode);
  const driver = new Driver(client, inFlight);
  const warmUpReplies = await driver.run(warmUps);
  tell({ kind: 'warm' });
  await go;

  let answered = 0;
  let told = 0;
  const tellProgress = (): void => {
    if (answered === told) return;
    told = answered;
    tell({ kind: 'progress', replies: answered });
  };
  const ticking = setInterval(tellProgress, PROGRESS_MS);
  const startedAtMs = monotonicMs();
  const replies = await driver.run(operations, (count) => {
    answered = count;
  });
  const endedAtMs = monotonicMs();
  clearInterval(ticking);
  tellProgress();

  const books = await collectBooks(client, accountsOf([...warmUps, ...operations]));
  tellReplies([...warmUpReplies, ...replies]);
  tell({ kind: 'done', startedAtMs, endedAtMs, books });
  client.close();
}

/** The bare bank's client loads nothing of replication: its process is what a user's is without it. */
async function connect(target: string, mode: DriverJob['mode']): Promise<BankClient> {
  if (mode === undefined) return connectBare(target);
  const { connectReplicated } = await import('../bank/connect-replicated.js');
  return connectReplicated(target, mode, jsonLogger());
}

function tellReplies(replies: readonly DrivenReply[]): void {
  for (let at = 0; at < replies.length; at += REPLIES_A_MESSAGE)
    tell({ kind: 'replies', replies: replies.slice(at, at + REPLIES_A_MESSAGE) });
}

endWithParent();
run(JSON.parse(process.argv[2] ?? '{}') as DriverJob).catch((error: unknown) => {
  console.error(error);
  tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
});
