/**
 * Makes one deposit and prints its receipt. It does not end its process, so that a test sees whether the client keeps
 * it alive. Arguments: the target, a Mode as JSON, the id of the operation.
 */
import { jsonLogger } from '@understudy/examples/common/json-logger.js';
import type { Mode } from '@understudy/examples/common/mode.js';
import { connectReplicated } from '../bank/connect-replicated.js';

const [target = '', mode = '{}', id = '1'] = process.argv.slice(2);
const client = connectReplicated(target, JSON.parse(mode) as Mode, jsonLogger());
client.deposit({ operationId: Number(id), account: 'one', amountCents: 100 }, (error, receipt) => {
  if (error === null) console.log(JSON.stringify(receipt));
  else throw error;
});
