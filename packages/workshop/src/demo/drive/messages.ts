/** The messages between a client process and its parent, over node's IPC channel. */
import type { Mode } from '@understudy/examples/common/mode.js';

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
