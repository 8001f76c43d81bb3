/** The process of one replica of the chat. */
import { chatReplica } from '@understudy/examples/chat/replica.js';
import { runReplica } from '../hosting/replica-process.js';

await runReplica(chatReplica());
