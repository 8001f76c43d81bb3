import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const ROUTE_GUIDE_GROUP = 'route-guide';

const ROUTE_GUIDE: Replicable = {
  group: ROUTE_GUIDE_GROUP,
  service: 'route_guide.v1.RouteGuide',
  reads: ['GetPlace'],
};

/** The gRPC service config that the replicas and the clients of a route guide are given alike. */
export const routeGuideServiceConfig = (mode: Mode) => serviceConfigOf(ROUTE_GUIDE, mode);
