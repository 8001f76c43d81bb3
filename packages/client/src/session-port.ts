import type { ConnectionId, GroupConfig, SessionEffect, SessionEvent } from '@understudy/core/internal';

/** The pure session of the core, as far as its adapter needs it. */
export interface SessionMachine {
  /** @param nowMs monotonic clock, milliseconds */
  step(event: SessionEvent, nowMs: number): readonly SessionEffect[];
  /** Something was gathered that the next `flush` would send. */
  readonly wantsFlush: boolean;
  /** Something gathers; a `flush` is due when the config's `batchMs` is over. */
  readonly wantsBatchFlush?: boolean;
}

export interface SessionSetup {
  readonly connection: ConnectionId;
  /** How many addresses the target has. */
  readonly slots: number;
  readonly config: GroupConfig;
}

export type MakeSession = (setup: SessionSetup) => SessionMachine;
