/** The process of a route guide without replication. */
import { routeGuideReplica } from '@understudy/examples/route-guide/replica.js';
import { runBare } from '../hosting/bare-process.js';

await runBare(routeGuideReplica());
