import type { Operation } from '@understudy/examples/bank/operation.js';
import type { Books } from '../demo/drive/collect.js';

/** What a load tells, one JSON object a line of its standard output. */
export type LoadMessage =
  /** It reached the bank, and calls from now on. */
  | { readonly kind: 'begun' }
  | Called
  /** It has ended by itself; nothing more comes. */
  | { readonly kind: 'done'; readonly books: Books }
  | { readonly kind: 'failed'; readonly reason: string };

/** A call that is over. Times are of one clock, in milliseconds. */
export interface Called {
  readonly kind: 'called';
  /** One call at a time; whoever does not know what became of a call makes no other. */
  readonly caller: number;
  readonly operation: Operation;
  readonly invokedAtMs: number;
  readonly endedAtMs: number;
  readonly end: CallEnd;
}

export type CallEnd =
  | {
      readonly kind: 'answered';
      readonly sequence: number;
      readonly balanceCents: number;
      readonly toBalanceCents: number;
    }
  /** The bank's own refusal, which has a place in the history, as an answer has. */
  | { readonly kind: 'refused'; readonly sequence: number }
  /** It may have taken effect, or may yet. */
  | { readonly kind: 'unknown'; readonly code: number; readonly details: string }
  /** It has not and will not. */
  | { readonly kind: 'none'; readonly code: number; readonly details: string };
