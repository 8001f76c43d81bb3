import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const COUNTING_GROUP = 'counting';

const COUNTING: Replicable = { group: COUNTING_GROUP, service: 'counting.v1.Counting', reads: [] };

/** The gRPC service config that the replicas and the clients are given alike. */
export const countingServiceConfig = (mode: Mode) => serviceConfigOf(COUNTING, mode);
