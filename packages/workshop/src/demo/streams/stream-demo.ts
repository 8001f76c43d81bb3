/** The common form of the demos with streams. */

import type { StreamsVolume } from '../command/options.js';
import type { Findings } from '../proof/problems.js';
import type { Claim } from '../proof/proof-lines.js';
import type { Arrivals } from './job.js';

/** The problems that a proof of streams has found, and the claims that it has checked. */
export interface StreamsProof extends Findings {
  readonly claims: readonly Claim[];
}

/** How the demo shows an example with streams. `Piece` and `Result` are the evidence from its driver. */
export interface StreamDemo<Piece, Result extends Arrivals> {
  /** The example's folder in the package of the examples. */
  readonly example: 'route-guide' | 'chat';
  /** Name of the example in reports: 'route guide'. */
  readonly title: string;
  /** Word for its clients in reports: 'walkers'. */
  readonly clients: string;
  /** The module of the driver, as `Children.start` takes it. */
  readonly driver: string;
  /** Word for what the progress counts; `total` is the number of them. */
  readonly unit: string;
  total(plan: StreamsVolume): number;
  prove(evidence: readonly Piece[], result: Result, plan: StreamsVolume): StreamsProof;
}
