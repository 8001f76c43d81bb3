/** The process of a bank without replication. */
import { bankReplica } from '@understudy/examples/bank/replica.js';
import { runBare } from '../hosting/bare-process.js';

await runBare(bankReplica());
