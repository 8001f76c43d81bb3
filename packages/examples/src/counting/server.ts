import { runReplica } from '../hosting/replica-process.js';
import { Counting } from './counting.js';
import { CountingService } from './proto.js';
import { handlers } from './service.js';
import { COUNTING_GROUP, countingServiceConfig } from './service-config.js';

const counting = new Counting();
await runReplica({
  what: 'counting service',
  group: COUNTING_GROUP,
  serviceConfig: countingServiceConfig,
  state: counting,
  audit: () => counting.audit(),
  addTo: (server) => server.addService(CountingService, handlers(counting)),
});
