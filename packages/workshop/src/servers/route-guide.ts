/** The process of one replica of the route guide. */
import { routeGuideReplica } from '@understudy/examples/route-guide/replica.js';
import { runReplica } from '../hosting/replica-process.js';

await runReplica(routeGuideReplica());
