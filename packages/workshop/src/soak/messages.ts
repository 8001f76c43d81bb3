/** The messages between a soak run and its client process. */
import type { Mode } from '@understudy/examples/common/mode.js';
import type { Books } from '../demo/drive/collect.js';
import type { DrivenReply } from '../demo/drive/drive.js';

/** The job of the client process, given when it starts. */
export interface ClientJob {
  readonly target: string;
  readonly mode: Mode;
  /** Seed of the operations. */
  readonly seed: number;
  readonly inFlight: number;
  /** The least number of operations. The load lasts until `enough`, even if it has sent more. */
  readonly operations: number;
  /** Numbers of replies at which the client sends a `mark`. */
  readonly marks: readonly number[];
}

export type ClientCommand =
  | { readonly kind: 'enough' }
  /** Asks for the books of the bank. */
  | { readonly kind: 'books' };

export type ClientMessage =
  | { readonly kind: 'mark'; readonly replies: number }
  /** Sent after `enough`, some replies with each message. */
  | { readonly kind: 'replies'; readonly replies: readonly DrivenReply[] }
  /** All replies were sent. */
  | { readonly kind: 'done'; readonly sent: number }
  | { readonly kind: 'books'; readonly books: Books }
  | { readonly kind: 'failed'; readonly reason: string };
