import type { Mode } from '@understudy/examples/common/mode.js';

/** How much is asked of a service. */
export interface StreamsVolume {
  /** Clients, each with a stub and streams of its own. */
  readonly clients: number;
  /** What each leaves or says. */
  readonly messages: number;
}

/** What the driver of an example with streams is given when it is started. */
export interface StreamsJob extends StreamsVolume {
  readonly target: string;
  /** undefined: the service is not replicated. */
  readonly mode: Mode | undefined;
}

/** How a call ended. */
export interface StreamEnd {
  /** The gRPC status. */
  readonly code: number;
  readonly details: string;
}

/** What every driver of streams brings back besides its evidence. */
export interface Arrivals {
  /** `monotonicMs` of every message that came, in the order in which they came. */
  readonly arrivedAtMs: Float64Array;
}
