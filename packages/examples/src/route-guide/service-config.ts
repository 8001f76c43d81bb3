/** The gRPC service config of a route guide. */
import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const ROUTE_GUIDE_GROUP = 'route-guide';

const ROUTE_GUIDE: Replicable = {
  group: ROUTE_GUIDE_GROUP,
  service: 'route_guide.v1.RouteGuide',
  reads: ['GetPlace'],
};

/** Returns the service config that all replicas and clients of a route guide must share. */
export const routeGuideServiceConfig = (mode: Mode) => serviceConfigOf(ROUTE_GUIDE, mode);
