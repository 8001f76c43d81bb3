/** The program that serves a bank without replication, to compare with. */
import { serveBare } from '../common/serve-bare.js';
import { bankReplica } from './replica.js';

const address = await serveBare(bankReplica());
console.log(`the bank listens on ${address}`);
