/** The process of one replica of the bank. */
import { bankReplica } from '@understudy/examples/bank/replica.js';
import { runReplica } from '../hosting/replica-process.js';

await runReplica(bankReplica());
