import { runReplica } from '../hosting/replica-process.js';
import { Guide } from './guide.js';
import { RouteGuideService } from './proto.js';
import { handlers } from './service.js';
import { ROUTE_GUIDE_GROUP, routeGuideServiceConfig } from './service-config.js';

const guide = new Guide();
await runReplica({
  what: 'route guide',
  group: ROUTE_GUIDE_GROUP,
  serviceConfig: routeGuideServiceConfig,
  state: guide,
  audit: () => guide.audit(),
  addTo: (server) => server.addService(RouteGuideService, handlers(guide)),
});
