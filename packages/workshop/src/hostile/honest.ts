/** Honest clients beside a hostile one; the only argument is an HonestJob as JSON. Each has one call open at a time. */
import * as grpc from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import { monotonicMs } from '../hosting/clock.js';
import { endWithParent, tellParent } from '../hosting/parent.js';
import type { HonestJob, HonestMessage } from './messages.js';
import { TargetClient, targetServiceConfig } from './target.js';

const DEADLINE_MS = 30_000;
const MESSAGE = Buffer.from('one more');

const job = JSON.parse(process.argv[2] ?? '{}') as HonestJob;
const tell = (message: HonestMessage): void => tellParent(message);
const failures: Record<string, number> = {};
let calls = 0;
let worstMs = 0;
let waiting = job.clients;

function call(client: TargetClient, isFirst: boolean): void {
  const startedAtMs = monotonicMs();
  client.Count(MESSAGE, { deadline: Date.now() + DEADLINE_MS }, (error) => {
    calls += 1;
    worstMs = Math.max(worstMs, monotonicMs() - startedAtMs);
    if (error !== null) {
      const what = `${grpc.status[error.code]}: ${error.details}`;
      failures[what] = (failures[what] ?? 0) + 1;
    }
    if (isFirst && --waiting === 0) tell({ kind: 'begun' });
    call(client, false);
  });
}

endWithParent();
process.on('message', () => tell({ kind: 'report', calls, failures, worstMs }));
for (let i = 0; i < job.clients; i++) {
  const options = replicated({ serviceConfig: targetServiceConfig(job.mode), logger: jsonLogger() });
  call(new TargetClient(job.target, grpc.credentials.createInsecure(), options), true);
}
