/** The program that runs one replica of the chat. */
import { serve } from '../common/serve.js';
import { chatReplica } from './replica.js';

const address = await serve(chatReplica());
console.log(`a replica of the chat serves at ${address}`);
