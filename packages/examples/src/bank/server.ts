/** The program that runs one replica of the bank. */
import { serve } from '../common/serve.js';
import { bankReplica } from './replica.js';

const address = await serve(bankReplica());
console.log(`a replica of the bank serves at ${address}`);
