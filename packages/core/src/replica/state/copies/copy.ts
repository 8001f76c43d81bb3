/** A checkpoint that this replica sends to others, one copy to all of them. */

import { assert } from '../../../model/assert.js';
import type { Checkpoint, CheckpointHead, Piece } from '../../../model/checkpoint.js';
import type { RunningDigest } from '../../../model/ports.js';
import { recordPieces } from './pieces.js';

/**
 * A receiver is sent no more pieces than this beyond those that it has. Of a copy that is drawn as it is sent, no
 * receiver gets further ahead of the slowest than four times as many, which bounds what is kept of it.
 */
export const WINDOW = 16;
export const SPREAD = 4 * WINDOW;

export interface CopyOptions {
  readonly id: number;
  /** The checkpoint; its `state` has only the first chunks if there are more. */
  readonly checkpoint: Checkpoint;
  readonly more: boolean;
  readonly digest: RunningDigest;
  readonly pieceBytes: number;
}

/** A copy as a sequence of pieces. Each piece is made once, when the first receiver needs it. */
export class Copy {
  readonly id: number;
  readonly head: CheckpointHead;
  /** The whole checkpoint; undefined if its state is drawn as it is sent. */
  readonly whole: Checkpoint | undefined;
  /** The adapter is asked for the next chunks. */
  drawing = false;
  /** How many bytes of bodies the primary had ordered when it made this copy. */
  orderedBytes = 0;
  readonly #records: Iterator<Piece>;
  readonly #digest: RunningDigest;
  /** The pieces that were made, from `#first` on. */
  readonly #pieces: Piece[] = [];
  #first = 0;
  #recordsDone = false;
  #ended = false;
  /** The chunks that are not yet part of a piece, from `#next` on. */
  #chunks: readonly Uint8Array[];
  #next = 0;
  #more: boolean;

  constructor({ id, checkpoint, more, digest, pieceBytes }: CopyOptions) {
    const { orderNum, term, timeMs, digest: ofOutcomes, expiredForgotten } = checkpoint;
    this.id = id;
    this.head = { orderNum, term, timeMs, digest: ofOutcomes, expiredForgotten };
    this.whole = more ? undefined : checkpoint;
    this.#chunks = checkpoint.state;
    this.#more = more;
    this.#digest = digest;
    this.#records = recordPieces(checkpoint, pieceBytes);
  }

  /** The first piece that is still kept. A receiver that lacks an earlier piece cannot use this copy. */
  get first(): number {
    return this.#first;
  }

  /** @returns the piece; `later` if it must be drawn first; undefined beyond the end */
  piece(index: number): Piece | 'later' | undefined {
    assert(index >= this.#first, () => `piece ${index} of a copy that begins at ${this.#first}`);
    while (index - this.#first >= this.#pieces.length) {
      if (this.#ended) return undefined;
      const piece = this.#make();
      if (piece === undefined) return 'later';
      this.#pieces.push(piece);
    }
    return this.#pieces[index - this.#first];
  }

  #make(): Piece | undefined {
    if (!this.#recordsDone) {
      const { value, done } = this.#records.next();
      if (done !== true) return value;
      this.#recordsDone = true;
    }
    const bytes = this.#chunks[this.#next];
    if (bytes !== undefined) {
      this.#next++;
      this.#digest.update(bytes);
      return { kind: 'state', bytes };
    }
    if (this.#more) return undefined;
    this.#ended = true;
    return { kind: 'end', digest: this.#digest.end() };
  }

  /** The adapter has drawn the next chunks. */
  drawn(chunks: readonly Uint8Array[], more: boolean): void {
    this.drawing = false;
    this.#chunks = chunks;
    this.#next = 0;
    this.#more = more;
  }

  /** No receiver needs a piece before this one. A copy that is drawn as it is sent forgets those pieces. */
  dropBefore(index: number): void {
    if (this.whole !== undefined || index <= this.#first) return;
    this.#pieces.splice(0, index - this.#first);
    this.#first = index;
  }
}

/** A copy on its way to one peer. */
export interface Transfer {
  readonly copy: Copy;
  /** The peer starts from it. */
  readonly join: boolean;
  /** The peer has said on the present link which piece it lacks first. */
  answered: boolean;
  /** It has all pieces before this one. */
  ackedUpTo: number;
  /** The pieces before this one were sent on the present link. */
  sentUpTo: number;
  /** When the transfer last made progress. */
  progressMs: number;
}
