import type { Findings } from '../proof/problems.js';
import type { Claim } from '../proof/proof-lines.js';
import type { Arrivals, StreamsVolume } from './job.js';

/** What a proof of streams has found, and what it has looked at. */
export interface StreamsProof extends Findings {
  readonly claims: readonly Claim[];
}

/** How the demo shows an example with streams. `Piece`, `Result`: what its driver brings back. */
export interface StreamDemo<Piece, Result extends Arrivals> {
  /** The folder that holds it. */
  readonly example: 'route-guide' | 'chat';
  /** In reports: 'route guide'. */
  readonly title: string;
  /** In reports, what its clients are. */
  readonly clients: string;
  /** The driver's module, as `Children.start` takes it. */
  readonly driver: string;
  /** What progress counts, and how much of it there is. */
  readonly unit: string;
  total(plan: StreamsVolume): number;
  prove(evidence: readonly Piece[], result: Result, plan: StreamsVolume): StreamsProof;
}
