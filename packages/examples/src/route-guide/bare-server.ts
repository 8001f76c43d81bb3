/** The program that serves a route guide without replication, to compare with. */
import { serveBare } from '../common/serve-bare.js';
import { routeGuideReplica } from './replica.js';

const address = await serveBare(routeGuideReplica());
console.log(`the route guide listens on ${address}`);
