/** The process of one replica of the counting service. */
import { countingReplica } from '@understudy/examples/counting/replica.js';
import { runReplica } from '../hosting/replica-process.js';

await runReplica(countingReplica());
