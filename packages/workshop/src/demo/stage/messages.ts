import type { ReplicaStatus } from '@understudy/core';
import type { Mode } from '@understudy/examples/common/mode.js';
import type { Listening } from '../../hosting/bare-process.js';
import type { Memory } from '../../hosting/memory.js';

/** The messages between the processes of a run, over node's IPC channels. */

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

/** The job of a bank's driver, given when the process starts. */
export interface DriverJob {
  readonly target: string;
  /** undefined if the bank is not replicated. */
  readonly mode: Mode | undefined;
  readonly input: string;
  readonly inFlight: number;
  readonly warmUp: number;
}

/** Tells the driver to begin the measured part. */
export interface DriverCommand {
  readonly kind: 'go';
}

/** The messages of a driver. `Piece` and `Result` are its evidence: for a bank, each reply and the books. */
export type DriverMessage<Piece, Result> =
  /** The driver is connected and warmed up. */
  | { readonly kind: 'warm' }
  /** The number of replies so far, without the warm-up. Sent many times a second while replies arrive. */
  | { readonly kind: 'progress'; readonly replies: number }
  /** Sent at the end: the pieces in order, some with each message. */
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'done'; readonly startedAtMs: number; readonly endedAtMs: number; readonly result: Result }
  | { readonly kind: 'failed'; readonly reason: string };
