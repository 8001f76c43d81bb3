import type { ReplicaEvent } from '@understudy/core/internal';
import type { CopyPlan } from '../../plan/plan.js';

/** The copies of a replica's state that are on their way, in chunks of a few bytes. */
export class Copies {
  readonly #plan: CopyPlan;
  readonly #rests = new Map<number, Uint8Array>();

  constructor(plan: CopyPlan) {
    this.#plan = plan;
  }

  /** @param kept the replica needs the copy as a whole, so it is not drawn later */
  take(copy: number, kept: boolean, state: Uint8Array): ReplicaEvent {
    const { pieceBytes, snapshots } = this.#plan;
    if (!snapshots || kept || state.length <= pieceBytes) {
      return { kind: 'checkpointTaken', copy, state: this.#cut(state), more: false };
    }
    this.#rests.set(copy, state.subarray(pieceBytes));
    return { kind: 'checkpointTaken', copy, state: [state.subarray(0, pieceBytes)], more: true };
  }

  draw(copy: number): ReplicaEvent | undefined {
    const rest = this.#rests.get(copy);
    if (rest === undefined) return undefined;
    const { pieceBytes } = this.#plan;
    const left = rest.subarray(pieceBytes);
    if (left.length > 0) this.#rests.set(copy, left);
    else this.#rests.delete(copy);
    return { kind: 'stateDrawn', copy, state: [rest.subarray(0, pieceBytes)], more: left.length > 0 };
  }

  end(copy: number): void {
    this.#rests.delete(copy);
  }

  #cut(state: Uint8Array): Uint8Array[] {
    const { pieceBytes } = this.#plan;
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < state.length; at += pieceBytes) chunks.push(state.subarray(at, at + pieceBytes));
    return chunks;
  }
}
