/** Computes digests of the user's state, by which replicas notice that it differs. No part of the state is kept. */
import { createHash } from 'node:crypto';
import { monotonicMs } from '@understudy/context';
import type { CopyCost } from '@understudy/core/internal';
import { type AnyState, chunksOf, problemOfCopy } from '../checks/state.js';
import { kindOf, nextTurn } from './pieces.js';

/** How many bytes are digested between two looks at the clock. */
const SLICE_BYTES = 1024 * 1024;
/** After this many milliseconds other work has its turn. */
const TURN_MS = 4;

export interface DigestedState {
  /** SHA-256 of all bytes that `checkpoint()` gave, hexadecimal. */
  readonly digest: string;
  /** The time that this process spent on it. */
  readonly tookMs: number;
  readonly cost: CopyCost;
}

/** Adds bytes to a digest and lets other work have its turn now and then. */
class PatientHash {
  readonly #hash = createHash('sha256');
  #sinceMs = monotonicMs();
  /** The time that other work took. */
  leftMs = 0;
  bytes = 0;

  async add(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      this.#hash.update(bytes.subarray(at, at + SLICE_BYTES));
      const nowMs = monotonicMs();
      if (nowMs - this.#sinceMs < TURN_MS) continue;
      await nextTurn();
      this.#sinceMs = monotonicMs();
      this.leftMs += this.#sinceMs - nowMs;
    }
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}

/**
 * Copies the state for its digest alone.
 *
 * @param held called when the state is copied, so that it may change again, with the longest time for which the user's
 *   function blocked this process
 * @param isWanted asked between two chunks
 * @returns undefined if the digest is no longer wanted
 */
export async function digestOfState(
  source: AnyState,
  held: (blockedMs: number) => void,
  isWanted: () => boolean,
): Promise<DigestedState | undefined> {
  const beganMs = monotonicMs();
  let blockedMs = 0;
  const noteBlocked = <T>(work: () => T): T => {
    const fromMs = monotonicMs();
    const result = work();
    blockedMs = Math.max(blockedMs, monotonicMs() - fromMs);
    return result;
  };
  const made: unknown = await noteBlocked(() => source.checkpoint());
  const problem = problemOfCopy(made);
  if (problem !== undefined) throw new TypeError(problem);
  const hash = new PatientHash();
  const chunks = chunksOf(made);
  let copyMs: number | undefined;
  const hold = (): void => {
    if (copyMs !== undefined) return;
    copyMs = monotonicMs() - beganMs - hash.leftMs;
    held(blockedMs);
  };
  if (chunks === undefined) {
    hold();
    await hash.add(made as Uint8Array);
  } else {
    const drawn = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
    let isOver = false;
    try {
      while (isWanted()) {
        const { value: chunk, done } = await noteBlocked(() => drawn.next());
        isOver = done === true;
        if (isOver) break;
        if (!(chunk instanceof Uint8Array))
          throw new TypeError(`state.checkpoint() gave a chunk that is ${kindOf(chunk)}; each must be a Uint8Array`);
        if (source.snapshots === true) hold();
        await hash.add(chunk);
      }
    } finally {
      if (!isOver) await drawn.return?.();
    }
    hold();
  }
  if (!isWanted()) return undefined;
  const tookMs = monotonicMs() - beganMs - hash.leftMs;
  return { digest: hash.end(), tookMs, cost: { bytes: hash.bytes, ms: copyMs ?? tookMs } };
}

/** The digest of a copy that is in memory. */
export async function digestOfCopy(state: readonly Uint8Array[]): Promise<string> {
  const hash = new PatientHash();
  for (const chunk of state) await hash.add(chunk);
  return hash.end();
}
