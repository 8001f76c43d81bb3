import type { Mode } from '@understudy/examples/common/mode.js';
import type { Memory } from '../hosting/memory.js';

/** What a client process that calls without end is given when it is started. */
export interface EndlessJob {
  readonly target: string;
  readonly mode: Mode;
  readonly inFlight: number;
}

/** Asks it how it stands. */
export interface EndlessCommand {
  readonly kind: 'report';
}

export interface EndlessReport {
  readonly kind: 'report';
  readonly calls: number;
  readonly failures: number;
  /** The first failure, as gRPC says it. */
  readonly failure: string | undefined;
  readonly memory: Memory;
}

/** `begun`: the first call was answered. */
export type EndlessMessage = EndlessReport | { readonly kind: 'begun' };
