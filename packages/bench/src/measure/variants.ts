/** The variants that the benchmark compares: the bare service, and a group in each mode. */
import { CARRIERS, type Mode, RELEASES } from '../service/service-config.js';

/** One way to serve the measured service. */
export interface Variant {
  readonly name: string;
  /** Undefined for the bare service: one process, without any of our code in it or in its client. */
  readonly mode: Mode | undefined;
}

export const BARE = 'bare';

/** The bare service, then a group with each combination of carrier and release. */
export const variantsOf = (common: Pick<Mode, 'replication' | 'multicast' | 'leaseMs'>): readonly Variant[] => [
  { name: BARE, mode: undefined },
  ...CARRIERS.flatMap((carrier) =>
    RELEASES.map((release) => ({ name: `${carrier} ${release}`, mode: { ...common, carrier, release } })),
  ),
];
