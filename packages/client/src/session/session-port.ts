/** The port between the core's pure session and the adapter that runs it. */
import type { ConnectionId, GroupConfig, SessionEffect, SessionEvent } from '@understudy/core/internal';

/** The core's pure session, as far as its adapter needs it. */
export interface SessionMachine {
  /** @param nowMs monotonic clock, milliseconds */
  step(event: SessionEvent, nowMs: number): readonly SessionEffect[];
  /** Whether the next `flush` would send something. */
  readonly wantsFlush: boolean;
  /** Whether something is being gathered, for which a `flush` is due when the config's `batchMs` has passed. */
  readonly wantsBatchFlush?: boolean;
}

export interface SessionSetup {
  readonly connection: ConnectionId;
  /** How many addresses the target has. */
  readonly slots: number;
  readonly config: GroupConfig;
  /** The clock in which the application's deadlines are given. */
  readonly wallClock?: () => number;
}

export type MakeSession = (setup: SessionSetup) => SessionMachine;
