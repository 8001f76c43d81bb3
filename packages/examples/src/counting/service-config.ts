/** The gRPC service config of the counting service. */
import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const COUNTING_GROUP = 'counting';

const COUNTING: Replicable = { group: COUNTING_GROUP, service: 'counting.v1.Counting', reads: [] };

/** Returns the service config that all replicas and clients must share. */
export const countingServiceConfig = (mode: Mode) => serviceConfigOf(COUNTING, mode);
