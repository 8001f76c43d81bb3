/** The process of a chat without replication. */
import { chatReplica } from '@understudy/examples/chat/replica.js';
import { runBare } from '../hosting/bare-process.js';

await runBare(chatReplica());
