import type { ReplicaStatus } from '@understudy/core';
import type { Mode } from '@understudy/examples/common/mode.js';
import type { Listening } from '../../hosting/bare-process.js';
import type { Memory } from '../../hosting/memory.js';

/** What the processes of the demo tell each other over their IPC channels. */

/** A server that was started. */
export type ServerMessage =
  | Listening
  /** Sent whenever role, term, primary or in-sync set changed. `atMs`: `monotonicMs` when it was noticed. */
  | { readonly kind: 'status'; readonly atMs: number; readonly status: ReplicaStatus }
  /** The lease of the primary has run out, and this backup asks the coordinator for the group. */
  | { readonly kind: 'claims'; readonly atMs: number }
  /** The answer to a `ReportCommand`. */
  | ReplicaReport;

/** Asks a replica how it stands. */
export interface ReportCommand {
  readonly kind: 'report';
}

export interface ReplicaReport {
  readonly kind: 'report';
  readonly status: ReplicaStatus;
  /** What the service says of this replica's own state. */
  readonly audit: unknown;
  readonly memory: Memory;
}

/** What the driver of a bank is given when it is started. */
export interface DriverJob {
  readonly target: string;
  /** undefined: the bank is not replicated. */
  readonly mode: Mode | undefined;
  readonly input: string;
  readonly inFlight: number;
  readonly warmUp: number;
}

/** The driver begins with what is measured. */
export interface DriverCommand {
  readonly kind: 'go';
}

/** `Piece`, `Result`: what this driver brings back; the bank's, every reply and its books. */
export type DriverMessage<Piece, Result> =
  /** Connected and warmed up. */
  | { readonly kind: 'warm' }
  /** How much was answered so far, warm-up aside; several times a second at least while replies come. */
  | { readonly kind: 'progress'; readonly replies: number }
  /** At the end, a part at a time, in order. */
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'done'; readonly startedAtMs: number; readonly endedAtMs: number; readonly result: Result }
  | { readonly kind: 'failed'; readonly reason: string };
