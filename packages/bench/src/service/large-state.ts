/** State of any size for the measured service. */
import type { ChunkedStateSource } from '@understudy/core';
import type { Counter } from './counter.js';

const MEBIBYTE = 1024 * 1024;

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}

/**
 * The counter, and beside it as many MiB as a measurement wants. Calls do not change those bytes, so a copy is drawn
 * from them while calls go on.
 */
export class LargeState implements ChunkedStateSource {
  readonly snapshots = true;
  readonly #counter: Counter;
  #chunks: readonly Uint8Array[];

  /** @param mib how large the state is as long as none is restored */
  constructor(counter: Counter, mib: number) {
    this.#counter = counter;
    this.#chunks = Array.from({ length: mib }, (_, i) => new Uint8Array(MEBIBYTE).fill(i));
  }

  get bytes(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0);
  }

  /** The state is that of the moment of the call, however late its chunks are drawn. */
  checkpoint(): AsyncIterable<Uint8Array> {
    return each([...this.#chunks, this.#counter.checkpoint()]);
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    const last = all.pop();
    if (last === undefined) throw new Error('a copy without the counter');
    // The counter came last, in a chunk with what was left of the rest.
    const ofCounter = last.length - this.#counter.checkpoint().length;
    if (ofCounter > 0) all.push(last.subarray(0, ofCounter));
    this.#counter.restore(last.subarray(ofCounter));
    this.#chunks = all;
  }
}
