/** The process of one replica of the service that hostile clients call. */
import { target } from '../hostile/target.js';
import { runReplica } from '../hosting/replica-process.js';

await runReplica(target());
