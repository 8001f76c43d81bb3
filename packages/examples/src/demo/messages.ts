import type { ReplicaStatus } from '@understudy/core';
import type { Listening } from '../hosting/bare-process.js';
import type { Memory } from '../hosting/memory.js';
import type { Mode } from '../hosting/mode.js';
import type { Books } from './collect.js';
import type { DrivenReply } from './drive.js';

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

/** What a driver is given when it is started. */
export interface DriverJob {
  readonly target: string;
  /** undefined: the bank is not replicated. */
  readonly mode: Mode | undefined;
  readonly input: string;
  readonly inFlight: number;
  readonly warmUp: number;
}

/** The driver begins with the file. */
export interface DriverCommand {
  readonly kind: 'go';
}

export type DriverMessage =
  /** Connected and warmed up. */
  | { readonly kind: 'warm' }
  /** How many operations of the file were answered so far; several times a second at least while replies come. */
  | { readonly kind: 'progress'; readonly replies: number }
  /** At the end, in several pieces: those of the warm-up first. */
  | { readonly kind: 'replies'; readonly replies: readonly DrivenReply[] }
  | { readonly kind: 'done'; readonly startedAtMs: number; readonly endedAtMs: number; readonly books: Books }
  | { readonly kind: 'failed'; readonly reason: string };
