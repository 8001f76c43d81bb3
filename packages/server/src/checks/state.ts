/** Checks the user's state before anything depends on it. */
import type { StateSource } from '@understudy/core';
import { messageOf } from '@understudy/grpc-common';
import { setupError } from './setup-error.js';

/** A copy travels in one frame, which must leave room for what else a checkpoint has. */
const COPY_MAX_BYTES = 240 * 1024 * 1024;

const NOTHING = new Uint8Array(0);
/** What `state: 'none'` stands for. */
const NO_STATE: StateSource = { checkpoint: () => NOTHING, restore() {} };

/** @throws UNDERSTUDY_SETUP */
export function stateOf(state: StateSource | 'none' | undefined): StateSource {
  if (state === 'none') return NO_STATE;
  const lacks = (['checkpoint', 'restore'] as const).filter((name) => typeof state?.[name] !== 'function');
  if (state !== undefined && lacks.length === 0) return state;
  throw setupError(
    `\`state\` has no ${lacks.join('() and no ')}(): give an object whose checkpoint() returns the service's state as ` +
      "bytes and whose restore(bytes) replaces it, or state: 'none' for a service without state",
  );
}

/** @returns what is wrong with a copy of the state, in a sentence; undefined if it can be sent to other replicas */
export function problemOfCopy(copy: unknown): string | undefined {
  if (!(copy instanceof Uint8Array)) {
    const kind = copy === null ? 'null' : typeof copy;
    return `state.checkpoint() returned ${kind === 'object' ? 'an object' : kind}; it must return a Uint8Array, such as a Buffer`;
  }
  if (copy.byteLength <= COPY_MAX_BYTES) return undefined;
  return `state.checkpoint() returned ${copy.byteLength} bytes, more than the ${COPY_MAX_BYTES} that a copy may have`;
}

/**
 * Copies the state once before the replica starts. The copy is restored nowhere.
 *
 * @throws UNDERSTUDY_SETUP
 */
export async function tryCopy(state: StateSource): Promise<void> {
  let copy: unknown;
  try {
    copy = await state.checkpoint();
  } catch (cause) {
    throw setupError(`state.checkpoint() failed, so no other replica could join: ${messageOf(cause)}`, cause);
  }
  const problem = problemOfCopy(copy);
  if (problem !== undefined) throw setupError(problem);
}
