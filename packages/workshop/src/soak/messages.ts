import type { Mode } from '@understudy/examples/common/mode.js';
import type { Books } from '../demo/drive/collect.js';
import type { DrivenReply } from '../demo/drive/drive.js';

/** What the client process of a soak run is given when it is started. */
export interface ClientJob {
  readonly target: string;
  readonly mode: Mode;
  /** Of the operations. */
  readonly seed: number;
  readonly inFlight: number;
  /** The load lasts until `enough` is said, and at least so many operations. */
  readonly operations: number;
  /** Numbers of replies at which it tells so. */
  readonly marks: readonly number[];
}

export type ClientCommand =
  | { readonly kind: 'enough' }
  /** Asks for what the bank says of itself. */
  | { readonly kind: 'books' };

export type ClientMessage =
  | { readonly kind: 'mark'; readonly replies: number }
  /** After `enough`, in several pieces. */
  | { readonly kind: 'replies'; readonly replies: readonly DrivenReply[] }
  /** All replies were told. */
  | { readonly kind: 'done'; readonly sent: number }
  | { readonly kind: 'books'; readonly books: Books }
  | { readonly kind: 'failed'; readonly reason: string };
