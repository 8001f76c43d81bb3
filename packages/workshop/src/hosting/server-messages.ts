/** The messages between a server process and its parent, over node's IPC channel. */
import type { ReplicaStatus } from '@understudy/core';
import type { Listening } from './bare-process.js';
import type { Memory } from './memory.js';

/** The messages of a server process. */
export type ServerMessage =
  | Listening
  /** Sent when the role, term, primary or in-sync set changed. `atMs` is `monotonicMs` when the change was noticed. */
  | { readonly kind: 'status'; readonly atMs: number; readonly status: ReplicaStatus }
  /** The primary's lease has run out, and this backup asks the coordinator to make it primary. */
  | { readonly kind: 'claims'; readonly atMs: number }
  /** The answer to a `ReportCommand`. */
  | ReplicaReport;

/** Asks a replica for a report. */
export interface ReportCommand {
  readonly kind: 'report';
}

/** The status and state of a replica. */
export interface ReplicaReport {
  readonly kind: 'report';
  readonly status: ReplicaStatus;
  /** The audit of this replica's own state. */
  readonly audit: unknown;
  readonly memory: Memory;
}
