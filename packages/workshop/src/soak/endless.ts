/**
 * A client process that calls as fast as it is answered and keeps nothing; its only argument is an EndlessJob as
 * JSON.
 */
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import { connectReplicated } from '../bank/connect-replicated.js';
import { memoryInUse } from '../hosting/memory.js';
import { endWithParent, tellParent } from '../hosting/parent.js';
import type { EndlessCommand, EndlessJob, EndlessMessage } from './endless-messages.js';

const job = JSON.parse(process.argv[2] ?? '{}') as EndlessJob;
const client = connectReplicated(job.target, job.mode, jsonLogger());
const tell = (message: EndlessMessage): void => tellParent(message);
let calls = 0;
let failures = 0;
let failure: string | undefined;
/** The number of calls that the next report waits for, if one was asked for. */
let reportAt = Number.POSITIVE_INFINITY;

function call(): void {
  client.deposit({ operationId: 1, account: 'endless', amountCents: 1 }, (error) => {
    calls += 1;
    if (calls === 1) tell({ kind: 'begun' });
    if (error !== null) {
      failures += 1;
      failure ??= error.message;
    }
    if (calls >= reportAt) void report();
    call();
  });
}

async function report(): Promise<void> {
  reportAt = Number.POSITIVE_INFINITY;
  const memory = await memoryInUse();
  tell({ kind: 'report', calls, failures, failure, memory });
}

endWithParent();
process.on('message', (command: EndlessCommand) => {
  if (command.kind !== 'report') return;
  reportAt = command.calls ?? 0;
  if (calls >= reportAt) void report();
});
for (let i = 0; i < job.inFlight; i++) call();
