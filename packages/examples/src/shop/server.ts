/** The program that runs one replica of the shop. */
import { serve } from '../common/serve.js';
import { shopReplica } from './replica.js';

const address = await serve(shopReplica());
console.log(`a replica of the shop serves at ${address}`);
