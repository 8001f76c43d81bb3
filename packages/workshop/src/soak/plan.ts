/** The plan of a soak run, which follows from its seed. */
import type { Mode } from '@understudy/examples/common/mode.js';
import { CARRIERS, MULTICASTS, RELEASES, REPLICATIONS } from '@understudy/examples/common/mode-options.js';
import { seededRandom } from '../hosting/random.js';

/** A fault that hits one replica. */
export type Fault = 'kill-primary' | 'kill-backup' | 'hand-over' | 'pause-primary' | 'pause-backup';

/** One fault of a plan. */
export interface Step {
  readonly fault: Fault;
  /** The fault strikes when this many operations were answered. */
  readonly afterReplies: number;
  /** Whether the replica is started again; it must then get in sync. */
  readonly startAgain: boolean;
}

/** The plan of one run. It follows from the seed alone. */
export interface Plan {
  readonly seed: number;
  readonly mode: Mode;
  readonly scenario: string;
  /** The least number of operations. The load lasts until the last step is over, even if that takes more. */
  readonly operations: number;
  readonly steps: readonly Step[];
}

interface Scenario {
  readonly name: string;
  readonly faults: readonly (readonly [fault: Fault, startAgain: boolean])[];
}

const scenario = (name: string, ...faults: Scenario['faults']): Scenario => ({ name, faults });

/** Nine scenarios: 9 and 16 have no common factor, so successive seeds meet every scenario in each of the 16 modes. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('kill', ['kill-primary', false]),
  scenario('kill two', ['kill-primary', false], ['kill-primary', false]),
  scenario('kill, rejoin', ['kill-primary', true]),
  scenario('hand over, rejoin', ['hand-over', true]),
  scenario('kill a backup, rejoin', ['kill-backup', true]),
  scenario('pause', ['pause-primary', false]),
  scenario('pause a backup', ['pause-backup', false]),
  scenario('kill, rejoin, kill', ['kill-primary', true], ['kill-primary', false]),
  scenario('hand over, kill', ['hand-over', false], ['kill-primary', false]),
];

const LEASE_MS = 300;

/** All modes in which a bank can be replicated. */
export const MODES: readonly Mode[] = REPLICATIONS.flatMap((replication) =>
  MULTICASTS.flatMap((multicast) =>
    RELEASES.flatMap((release) =>
      CARRIERS.map((carrier): Mode => ({ replication, multicast, release, carrier, leaseMs: LEASE_MS })),
    ),
  ),
);

/**
 * Half of the modes, in which each triple of values occurs once: those where an even number of the four parameters has its
 * second value. What depends on up to three parameters shows in these; the other half has every triple, too.
 */
export const HALF_OF_MODES: readonly Mode[] = MODES.filter(
  ({ replication, multicast, release, carrier }) =>
    (REPLICATIONS.indexOf(replication) +
      MULTICASTS.indexOf(multicast) +
      RELEASES.indexOf(release) +
      CARRIERS.indexOf(carrier)) %
      2 ===
    0,
);

/** @param seed a whole number from 0 */
export function planOf(seed: number): Plan {
  const mode = at(MODES, seed);
  const { name, faults } = at(SCENARIOS, seed);
  const random = seededRandom(seed);
  const between = (from: number, to: number): number => from + Math.floor(random() * (to - from));
  // A call as an RPC takes several times as long.
  const operations = mode.carrier === 'stream' ? between(4_000, 8_000) : between(2_000, 4_000);
  // Each fault has its own part of the load and never strikes at its very beginning.
  const part = operations / faults.length;
  const steps = faults.map(([fault, startAgain], index): Step => {
    return { fault, startAgain, afterReplies: Math.round(part * (index + 0.1 + 0.8 * random())) };
  });
  return { seed, mode, scenario: name, operations, steps };
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('The list is empty.');
  return found;
}
