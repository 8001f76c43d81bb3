/** Checks the user's state before anything depends on it. */
import { monotonicMs } from '@understudy/context';
import { type ChunkedStateSource, type StateChunks, type StateSource, UnderstudyError } from '@understudy/core';
import type { CopyCost } from '@understudy/core/internal';
import { messageOf } from '@understudy/grpc-common';
import { setupError } from './setup-error.js';

/**
 * The user's state, and whether it travels in chunks: `restore` is given what `checkpoint` gives. `canonical` is false for a
 * service without state, too. `trialCost` is what a first copy cost; of chunks, the first one.
 */
export type AnyState = { readonly canonical: boolean | undefined; readonly trialCost: CopyCost } & (
  | (StateSource & { readonly isChunked: false })
  | (ChunkedStateSource & { readonly isChunked: true })
);

/** A trial copy that takes longer than this, in milliseconds, is made a second time. */
const SLOW_MS = 100;
/** But not one that takes longer than this, or is larger: it is dear by itself, and another one would only cost as much. */
const DEAR_MS = 2_000;
const DEAR_BYTES = 4 * 1_048_576;
const NOTHING = new Uint8Array(0);
/** The state source that `state: 'none'` stands for. */
const NO_STATE: StateSource = { checkpoint: () => NOTHING, restore() {} };

/** @throws UNDERSTUDY_SETUP */
export function stateOf(
  state: StateSource | ChunkedStateSource | 'none' | undefined,
): StateSource | ChunkedStateSource {
  if (state === 'none') return NO_STATE;
  const lacks = (['checkpoint', 'restore'] as const).filter((name) => typeof state?.[name] !== 'function');
  if (state !== undefined && lacks.length === 0) return state;
  throw setupError(
    `\`state\` has no ${lacks.join('() and no ')}(): give an object whose checkpoint() returns the service's state as ` +
      "bytes or chunks and whose restore() replaces it, or state: 'none' for a service without state",
  );
}

/** @returns the chunks of a copy that was made in chunks; undefined if the copy is bytes */
export function chunksOf(copy: unknown): StateChunks | undefined {
  return copy instanceof Uint8Array ? undefined : (copy as StateChunks);
}

/** @returns what is wrong with a copy of the state, in a sentence; undefined if it can be sent to other replicas */
export function problemOfCopy(copy: unknown): string | undefined {
  if (copy instanceof Uint8Array) return undefined;
  const made = copy as { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown } | null;
  if (made !== null && typeof made === 'object') {
    if (typeof (made[Symbol.asyncIterator] ?? made[Symbol.iterator]) === 'function') return undefined;
  }
  const kind = copy === null ? 'null' : typeof copy;
  return (
    `state.checkpoint() returned ${kind === 'object' ? 'an object' : kind}; it must return a Uint8Array, such as a ` +
    'Buffer, or an iterable of them'
  );
}

/**
 * Copies the state before the replica starts, once more if a small one is slow. The copy is restored nowhere; of chunks, only
 * the first is drawn.
 *
 * @returns the state, with what is now known of it
 * @throws UNDERSTUDY_SETUP
 */
export async function tryCopy(state: StateSource | ChunkedStateSource): Promise<AnyState> {
  let trial = await tryOnce(state);
  // The first copy of a process may be slow because nothing is compiled yet, or because it paused. Of two the quicker one counts.
  if (trial.ms > SLOW_MS && trial.ms < DEAR_MS && trial.bytes < DEAR_BYTES) {
    const again = await tryOnce(state);
    if (again.ms < trial.ms) trial = again;
  }
  const { isChunked, bytes, ms } = trial;
  return {
    checkpoint: () => state.checkpoint(),
    restore: (copy: never) => state.restore(copy),
    ...(isChunked && { snapshots: state.snapshots === true }),
    isChunked,
    canonical: state === NO_STATE ? false : state.canonical,
    trialCost: { bytes, ms },
  } as AnyState;
}

/** @throws UNDERSTUDY_SETUP */
async function tryOnce(state: StateSource | ChunkedStateSource): Promise<CopyCost & { readonly isChunked: boolean }> {
  const beganMs = monotonicMs();
  try {
    const copy: unknown = await state.checkpoint();
    const problem = problemOfCopy(copy);
    if (problem !== undefined) throw setupError(problem);
    const chunks = chunksOf(copy);
    const bytes = chunks === undefined ? (copy as Uint8Array).length : await firstBytesOf(chunks);
    return { isChunked: chunks !== undefined, bytes, ms: monotonicMs() - beganMs };
  } catch (cause) {
    if (cause instanceof UnderstudyError) throw cause;
    throw setupError(`state.checkpoint() failed, so no other replica could join: ${messageOf(cause)}`, cause);
  }
}

/** @throws UNDERSTUDY_SETUP */
async function firstBytesOf(chunks: StateChunks): Promise<number> {
  for await (const chunk of chunks) {
    if (chunk instanceof Uint8Array) return chunk.length;
    throw setupError(
      `state.checkpoint() gave a chunk that is ${typeof chunk}; each must be a Uint8Array, such as a Buffer`,
    );
  }
  return 0;
}
