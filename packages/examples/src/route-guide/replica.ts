import type { Hosted } from '../common/hosted.js';
import { Guide } from './guide.js';
import { RouteGuideService } from './proto.js';
import { handlers } from './service.js';
import { ROUTE_GUIDE_GROUP, routeGuideServiceConfig } from './service-config.js';

/** Returns a route guide with an empty logbook, ready to be replicated. */
export function routeGuideReplica(): Hosted {
  const guide = new Guide();
  return {
    what: 'route guide',
    group: ROUTE_GUIDE_GROUP,
    serviceConfig: routeGuideServiceConfig,
    state: guide,
    addTo: (server) => server.addService(RouteGuideService, handlers(guide)),
  };
}
