/** The program that serves a chat without replication, to compare with. */
import { serveBare } from '../common/serve-bare.js';
import { chatReplica } from './replica.js';

const address = await serveBare(chatReplica());
console.log(`the chat listens on ${address}`);
