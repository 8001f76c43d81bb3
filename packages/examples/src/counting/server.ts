/** The program that runs one replica of the counting service. */
import { serve } from '../common/serve.js';
import { countingReplica } from './replica.js';

const address = await serve(countingReplica());
console.log(`a replica of the counting service serves at ${address}`);
