import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import type { Mode } from '@understudy/examples/common/mode.js';
import { connectReplicated } from '../bank/connect-replicated.js';

// Makes one deposit, prints its receipt and returns: what keeps a process running after that is not ours to end.
// Arguments: the target, a Mode as JSON, the id of the operation.

const [target = '', mode = '{}', id = '1'] = process.argv.slice(2);
const client = connectReplicated(target, JSON.parse(mode) as Mode, jsonLogger());
client.deposit({ operationId: Number(id), account: 'one', amountCents: 100 }, (error, receipt) => {
  if (error === null) console.log(JSON.stringify(receipt));
  else throw error;
});
