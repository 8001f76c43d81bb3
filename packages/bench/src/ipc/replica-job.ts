import type { Mode } from '../service/service-config.js';

/** What a replica's process is given. */
export interface ReplicaJob {
  readonly id: string;
  /** Where it listens. */
  readonly listen: string;
  /** Where the other replicas reach it: the same, or a door of the proxy. */
  readonly advertised: string;
  /** Directory of the group's record. */
  readonly coordinator: string;
  readonly mode: Mode;
}
