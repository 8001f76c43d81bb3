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

function call(): void {
  client.deposit({ operationId: 1, account: 'endless', amountCents: 1 }, (error) => {
    calls += 1;
    if (calls === 1) tell({ kind: 'begun' });
    if (error !== null) {
      failures += 1;
      failure ??= error.message;
    }
    call();
  });
}

endWithParent();
process.on('message', async ({ kind }: EndlessCommand) => {
  if (kind !== 'report') return;
  const memory = await memoryInUse();
  tell({ kind, calls, failures, failure, memory });
});
for (let i = 0; i < job.inFlight; i++) call();
