/** The process of one replica of the shop. */
import { shopReplica } from '@understudy/examples/shop/replica.js';
import { runReplica } from '../hosting/replica-process.js';

await runReplica(shopReplica());
