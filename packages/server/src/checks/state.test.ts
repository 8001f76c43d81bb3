import { expect, it } from 'vitest';
import { tryCopy } from './state.js';

/** A source whose copies block the process, the first one and the others. */
function source(firstMs: number, laterMs: number, bytes = 3) {
  let copies = 0;
  const checkpoint = () => {
    const blocks = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(blocks, 0, 0, copies++ === 0 ? firstMs : laterMs);
    return Buffer.alloc(bytes);
  };
  return { state: { checkpoint, restore: () => {} }, copies: () => copies };
}

it('a trial copy that is slow is made once more, because a process may pause during one', async () => {
  const { state, copies } = source(400, 0);
  const { trialCost } = await tryCopy(state);
  expect(copies()).toBe(2);
  expect(trialCost.bytes).toBe(3);
  expect(trialCost.ms).toBeLessThan(400);
});

it('a state whose copies are all slow is known as such', async () => {
  const { state } = source(200, 200);
  expect((await tryCopy(state)).trialCost.ms).toBeGreaterThan(150);
});

it.each([
  ['is large', 150, 4 * 1_048_576],
  ['takes longer than two seconds', 2_100, 3],
])('a copy that is slow because it is dear is made once: it %s', async (_why, ms, bytes) => {
  const { state, copies } = source(ms, ms, bytes);
  expect((await tryCopy(state)).trialCost).toMatchObject({ bytes });
  expect(copies()).toBe(1);
});
