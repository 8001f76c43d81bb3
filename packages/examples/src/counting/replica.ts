import type { Hosted } from '../common/hosted.js';
import { Counting } from './counting.js';
import { CountingService } from './proto.js';
import { handlers } from './service.js';
import { COUNTING_GROUP, countingServiceConfig } from './service-config.js';

/** Returns a counting service without tallies, ready to be replicated. */
export function countingReplica(): Hosted {
  const counting = new Counting();
  return {
    what: 'counting service',
    group: COUNTING_GROUP,
    serviceConfig: countingServiceConfig,
    state: counting,
    addTo: (server) => server.addService(CountingService, handlers(counting)),
  };
}
