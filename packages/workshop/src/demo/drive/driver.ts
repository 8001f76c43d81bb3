/** The client process of the bank's demo. */
import type { BankClient } from '@understudy/examples/bank/proto.js';
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import { connectBare } from '../../bank/client.js';
import { readOperations } from '../../bank/operations-file.js';
import { type Books, collectBooks } from './collect.js';
import { type DrivenReply, Driver } from './drive.js';
import type { DriverJob } from './messages.js';
import { runDriver } from './run-driver.js';
import { accountsOf, warmUpOperations } from './workload.js';

await runDriver<DriverJob, DrivenReply, Books>(async ({ target, mode, input, inFlight, warmUp }, report) => {
  const operations = await readOperations(input);
  const warmUps = warmUpOperations(warmUp);
  const client = await connect(target, mode);
  const driver = new Driver(client, inFlight);
  const warmUpReplies = await driver.run(warmUps);
  await report.begin();
  const replies = await driver.run(operations, (count) => report.progress(count));
  report.end();
  const result = await collectBooks(client, accountsOf([...warmUps, ...operations]));
  client.close();
  return { pieces: [...warmUpReplies, ...replies], result };
});

/** The client of the bare bank loads no replication, so that its process equals that of a user without Understudy. */
async function connect(target: string, mode: DriverJob['mode']): Promise<BankClient> {
  if (mode === undefined) return connectBare(target);
  const { connectReplicated } = await import('../../bank/connect-replicated.js');
  return connectReplicated(target, mode, jsonLogger());
}
