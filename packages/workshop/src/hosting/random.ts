/**
 * Random numbers that follow from a seed: Tommy Ettinger's mulberry32, which is good enough for test data.
 *
 * @param seed only its lower 32 bits count
 * @returns a function that returns numbers from 0 to below 1
 */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
