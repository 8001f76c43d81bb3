/** A checkpoint that this replica receives, piece by piece. */

import type { Checkpoint, CheckpointFrame, CheckpointHead, Piece } from '../../../model/checkpoint.js';
import type { Term } from '../../../model/ids.js';
import type { RunningDigest } from '../../../model/ports.js';
import { Sections } from './pieces.js';

export class IncomingCopy {
  readonly term: Term;
  readonly copy: number;
  readonly join: boolean;
  readonly #head: CheckpointHead;
  readonly #sections = new Sections();
  readonly #digest: RunningDigest;
  readonly #chunks: Uint8Array[] = [];
  /** The first piece that has not arrived. */
  next = 0;

  constructor({ term, copy, join, head }: CheckpointFrame, digest: RunningDigest) {
    this.term = term;
    this.copy = copy;
    this.join = join;
    this.#head = head;
    this.#digest = digest;
  }

  is({ term, copy }: { readonly term: Term; readonly copy: number }): boolean {
    return term === this.term && copy === this.copy;
  }

  /** @returns the checkpoint if this was its last piece; `damaged` if its state is not what was sent */
  add(piece: Piece): Checkpoint | 'damaged' | undefined {
    this.next++;
    switch (piece.kind) {
      case 'records':
        this.#sections.add(piece.records);
        return undefined;
      case 'state':
        this.#digest.update(piece.bytes);
        this.#chunks.push(piece.bytes);
        return undefined;
      case 'end':
        if (/* rule verify-copy */ this.#digest.end() !== piece.digest) return 'damaged';
        return { ...this.#head, ...this.#sections.records, state: this.#chunks };
    }
  }
}
