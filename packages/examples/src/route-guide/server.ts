/** The program that runs one replica of the route guide. */
import { serve } from '../common/serve.js';
import { routeGuideReplica } from './replica.js';

const address = await serve(routeGuideReplica());
console.log(`a replica of the route guide serves at ${address}`);
