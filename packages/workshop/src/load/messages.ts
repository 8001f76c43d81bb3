/** The lines that a load prints. */
import type { Operation } from '@understudy/examples/bank/operation.js';
import type { Books } from '../demo/drive/collect.js';

/** One line of the standard output, as JSON. */
export type LoadMessage =
  /** The accounts are open, and the calls begin. */
  | { readonly kind: 'begun' }
  | Called
  /** The load has ended; this is the last line. */
  | { readonly kind: 'done'; readonly books: Books }
  | { readonly kind: 'failed'; readonly reason: string };

/** A call that has ended. Its times are from one clock, in milliseconds. */
export interface Called {
  readonly kind: 'called';
  /** A caller has one call open at a time. After a call with an unknown result it makes no other. */
  readonly caller: number;
  readonly operation: Operation;
  readonly invokedAtMs: number;
  readonly endedAtMs: number;
  readonly end: CallEnd;
}

/** The result of a call, as its caller knows it. */
export type CallEnd =
  | {
      readonly kind: 'answered';
      readonly sequence: number;
      readonly balanceCents: number;
      readonly toBalanceCents: number;
    }
  /** The bank refused the operation. A refusal has a place in the history, just as an answer has. */
  | { readonly kind: 'refused'; readonly sequence: number }
  /** The call may have taken effect, or may yet. */
  | { readonly kind: 'unknown'; readonly code: number; readonly details: string }
  /** The call has taken no effect and never will. */
  | { readonly kind: 'none'; readonly code: number; readonly details: string };
