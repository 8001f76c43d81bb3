/** The job of a driver of streams, and the evidence that all of them share. */
import type { Mode } from '@understudy/examples/common/mode.js';
import type { StreamsVolume } from '../command/options.js';

/** The job of a driver of streams, given when its process starts. */
export interface StreamsJob extends StreamsVolume {
  readonly target: string;
  /** undefined if the service is not replicated. */
  readonly mode: Mode | undefined;
}

/** The status with which a call ended. */
export interface StreamEnd {
  /** The gRPC status code. */
  readonly code: number;
  readonly details: string;
}

/** The part of the result that all drivers of streams share. */
export interface Arrivals {
  /** `monotonicMs` of the arrival of each message, in order. */
  readonly arrivedAtMs: Float64Array;
}
