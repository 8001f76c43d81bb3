/** Successive seeds. After the largest seed of 64 bits comes 0. */
export interface Batch {
  readonly first: bigint;
  readonly count: number;
}

const BATCH_MAX = 32;
/** Batches are small, so that no worker is still busy long after the others have finished. */
const BATCHES_PER_WORKER = 4;

export function* batches(from: bigint, seeds: number, workers: number): Generator<Batch, void> {
  const size = Math.min(BATCH_MAX, Math.max(1, Math.floor(seeds / (workers * BATCHES_PER_WORKER))));
  for (let done = 0; done < seeds; done += size)
    yield { first: seedAfter(from, done), count: Math.min(size, seeds - done) };
}

export const seedAfter = (from: bigint, seeds: number): bigint => BigInt.asUintN(64, from + BigInt(seeds));
