import type { Failovers } from '../measure/failover.js';
import type { ReadsOf } from '../measure/handlers/reads.js';
import type { WaitsTurn } from '../measure/handlers/waits.js';
import type { IdleOf } from '../measure/idle/idle.js';
import type { VariantRounds } from '../measure/in-rounds.js';
import type { CountedJoining } from '../measure/joining/joining.js';
import type { LargeOf } from '../measure/large/large.js';
import type { OverloadTurn } from '../measure/overload.js';
import type { RecoveryAt } from '../measure/recovery.js';
import type { VariantTurns } from '../measure/rounds.js';
import type { Settings } from '../measure/settings.js';
import type { StreamsTurn } from '../measure/streams.js';
import type { VariantWire } from '../measure/wire.js';
import type { Machine } from './machine.js';

/**
 * Everything that a run measured, as `--json` writes it. Sections that were not asked for or not reached are absent.
 */
export interface BenchReport {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly settings: Settings;
  rounds?: readonly VariantTurns[];
  streams?: readonly VariantRounds<StreamsTurn>[];
  overload?: readonly VariantRounds<OverloadTurn>[];
  large?: readonly LargeOf[];
  waits?: readonly VariantRounds<WaitsTurn>[];
  reads?: readonly ReadsOf[];
  wire?: readonly VariantWire[];
  idle?: readonly IdleOf[];
  failovers?: Failovers;
  recoveries?: readonly RecoveryAt[];
  joinings?: readonly CountedJoining[];
}
