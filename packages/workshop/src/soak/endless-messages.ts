/** The messages of the client process that calls without end. */
import type { Mode } from '@understudy/examples/common/mode.js';
import type { Memory } from '../hosting/memory.js';

/** The job of the process, given when it starts. */
export interface EndlessJob {
  readonly target: string;
  readonly mode: Mode;
  readonly inFlight: number;
}

/** Asks the process for a report, which it sends once it has made this many calls in all. Default: at once. */
export interface EndlessCommand {
  readonly kind: 'report';
  readonly calls?: number;
}

/** The numbers of calls so far, and the memory in use. */
export interface EndlessReport {
  readonly kind: 'report';
  readonly calls: number;
  readonly failures: number;
  /** The error message of the first failure. */
  readonly failure: string | undefined;
  readonly memory: Memory;
}

/** `begun` is sent when the first call was answered. */
export type EndlessMessage = EndlessReport | { readonly kind: 'begun' };
