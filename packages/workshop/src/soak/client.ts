/** The client process of a soak run; its only argument is a ClientJob as JSON. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import { connectReplicated } from '../bank/connect-replicated.js';
import { randomOperations } from '../bank/generate-operations.js';
import { collectBooks } from '../demo/drive/collect.js';
import { Driver } from '../demo/drive/drive.js';
import { accountsOf } from '../demo/drive/workload.js';
import { endWithParent, tellParent } from '../hosting/parent.js';
import type { ClientCommand, ClientJob, ClientMessage } from './messages.js';

const REPLIES_A_MESSAGE = 2_000;

const tell = (message: ClientMessage): void => tellParent(message);
const job = JSON.parse(process.argv[2] ?? '{}') as ClientJob;
const client = connectReplicated(job.target, job.mode, jsonLogger());
const sent: Operation[] = [];
let enough = false;

/** Yields operations until the parent has enough of them, but at least as many as the job wants. */
function* operations(): Generator<Operation, void, void> {
  for (const operation of randomOperations(job.seed)) {
    if (enough && sent.length >= job.operations) return;
    sent.push(operation);
    yield operation;
  }
}

async function drive(): Promise<void> {
  const marks = new Set(job.marks);
  const replies = await new Driver(client, job.inFlight).run(operations(), (count) => {
    if (marks.has(count)) tell({ kind: 'mark', replies: count });
  });
  for (let at = 0; at < replies.length; at += REPLIES_A_MESSAGE)
    tell({ kind: 'replies', replies: replies.slice(at, at + REPLIES_A_MESSAGE) });
  tell({ kind: 'done', sent: sent.length });
}

const failed = (error: unknown): void => {
  console.error(error);
  tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
};

endWithParent();
process.on('message', ({ kind }: ClientCommand) => {
  if (kind === 'enough') enough = true;
  else collectBooks(client, accountsOf(sent)).then((books) => tell({ kind: 'books', books }), failed);
});
drive().catch(failed);
