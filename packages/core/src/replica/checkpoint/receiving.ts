/** Receives a copy of the primary's state. */

import type { Checkpoint, CheckpointFrame, PieceAckFrame, PieceFrame } from '../../model/checkpoint.js';
import { IncomingCopy } from '../state/copies/incoming.js';
import type { ReplicaState } from '../state/replica-state.js';

/** The copy that a follower receives, from one primary at a time. */
export class Receiving {
  readonly #r: ReplicaState;

  constructor(r: ReplicaState) {
    this.#r = r;
  }

  get isOnItsWay(): boolean {
    return this.#r.incoming?.term === this.#r.term;
  }

  /** A copy that this replica needs is offered. One that it has begun to receive goes on. */
  offered(frame: CheckpointFrame): void {
    if (this.#r.incoming?.is(frame) !== true) this.#r.incoming = new IncomingCopy(frame, this.#r.newDigest());
    this.#answer(frame, this.#r.incoming?.next ?? 0, 'receives');
  }

  /** A copy that this replica does not need is offered. */
  declined(frame: CheckpointFrame): void {
    this.#answer(frame, 0, 'done');
  }

  /** @returns the checkpoint that this piece completes, if it does, and whether this replica starts from it */
  onPiece(frame: PieceFrame): { readonly checkpoint: Checkpoint; readonly join: boolean } | undefined {
    const incoming = this.#r.incoming;
    if (incoming?.is(frame) !== true || frame.index !== incoming.next) return undefined;
    const result = incoming.add(frame.piece);
    if (result === undefined) {
      this.#answer(frame, incoming.next, 'receives');
      return undefined;
    }
    this.#r.incoming = undefined;
    if (result === 'damaged') {
      this.#r.log('error', 'a copy of the state arrived damaged; another one is asked for', { copy: frame.copy });
      this.#answer(frame, 0, 'damaged');
      return undefined;
    }
    this.#answer(frame, incoming.next, 'done');
    return { checkpoint: result, join: incoming.join };
  }

  /** The link to the primary is new, and the last answer may have been lost with the former link. */
  answerAgain(): void {
    const { record, answered, term } = this.#r;
    if (record === undefined || answered?.term !== term) return;
    this.#r.effects.push({ kind: 'sendToPeer', peer: record.primary.id, frame: answered });
  }

  #answer({ term, copy }: CheckpointFrame | PieceFrame, upTo: number, answer: PieceAckFrame['answer']): void {
    const { record, effects } = this.#r;
    if (record === undefined) return;
    const frame: PieceAckFrame = { kind: 'pieceAck', term, copy, upTo, answer };
    this.#r.answered = frame;
    effects.push({ kind: 'sendToPeer', peer: record.primary.id, frame });
  }
}
