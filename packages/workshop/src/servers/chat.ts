import { chatReplica } from '@understudy/examples/chat/replica.js';
import { runReplica } from '../hosting/replica-process.js';

await runReplica(chatReplica());
