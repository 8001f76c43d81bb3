import { CARRIERS, type Mode, RELEASES } from '../service/service-config.js';

/** One way to serve. */
export interface Variant {
  readonly name: string;
  /** undefined: one process, and nothing of ours in it or in its client. */
  readonly mode: Mode | undefined;
}

export const BARE = 'bare';

/** The bare service, then the group with every carrier and release. */
export const variantsOf = (common: Pick<Mode, 'replication' | 'multicast' | 'leaseMs'>): readonly Variant[] => [
  { name: BARE, mode: undefined },
  ...CARRIERS.flatMap((carrier) =>
    RELEASES.map((release) => ({ name: `${carrier} ${release}`, mode: { ...common, carrier, release } })),
  ),
];
