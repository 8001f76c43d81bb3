import type { Mode } from '../service/service-config.js';

/** The job that the process of a replica gets when it starts. */
export interface ReplicaJob {
  readonly id: string;
  /** The address on which it listens. */
  readonly listen: string;
  /** The address at which the other replicas reach it: the same, or a door of the proxy. */
  readonly advertised: string;
  /** Directory of the group's record. */
  readonly coordinator: string;
  readonly mode: Mode;
  /** How many MiB its state has besides the counter; a replica that joins begins with 0. Absent: only the counter. */
  readonly stateMib?: number;
}
