/** Cuts a copy of the state into the chunks in which it travels, and puts them together again. */
import type { StateChunks } from '@understudy/core';
import { PIECE_BYTES } from '@understudy/core/internal';

/** How many bytes are copied before timers and sockets have their turn. */
const COPIED_AT_ONCE = 8 * 1024 * 1024;

/** Lets timers and sockets have their turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The same bytes in chunks of `PIECE_BYTES`: large ones are cut without a copy, small ones are put together. */
export async function* inPieces(chunks: StateChunks): AsyncGenerator<Uint8Array, void> {
  let gathered: Buffer | undefined;
  let length = 0;
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError(`state.checkpoint() gave a chunk that is ${kindOf(chunk)}; each must be a Uint8Array`);
    }
    let at = 0;
    while (at < chunk.length) {
      if (length === 0 && chunk.length - at >= PIECE_BYTES) {
        yield chunk.subarray(at, at + PIECE_BYTES);
        at += PIECE_BYTES;
        continue;
      }
      gathered ??= Buffer.allocUnsafeSlow(PIECE_BYTES);
      const part = chunk.subarray(at, at + PIECE_BYTES - length);
      gathered.set(part, length);
      length += part.length;
      at += part.length;
      if (length < PIECE_BYTES) continue;
      yield gathered;
      gathered = undefined;
      length = 0;
    }
  }
  if (gathered !== undefined && length > 0) yield gathered.subarray(0, length);
}

/** The name that an error gives to a value that should be bytes. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : typeof value;
}

/** All chunks in one piece of memory. */
export async function whole(state: readonly Uint8Array[]): Promise<Uint8Array> {
  const [first] = state;
  if (first !== undefined && state.length === 1) return first;
  let length = 0;
  for (const chunk of state) length += chunk.length;
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  let sinceTurn = 0;
  for (const chunk of state) {
    bytes.set(chunk, at);
    at += chunk.length;
    sinceTurn += chunk.length;
    if (sinceTurn < COPIED_AT_ONCE) continue;
    sinceTurn = 0;
    await nextTurn();
  }
  return bytes;
}
