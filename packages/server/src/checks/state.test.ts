import { expect, it } from 'vitest';
import { tryCopy } from './state.js';

/** A source whose copies block the process, the first one and the others. */
function source(firstMs: number, laterMs: number) {
  let copies = 0;
  const checkpoint = () => {
    const blocks = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(blocks, 0, 0, copies++ === 0 ? firstMs : laterMs);
    return Buffer.alloc(3);
  };
  return { state: { checkpoint, restore: () => {} }, copies: () => copies };
}

it('a trial copy that is slow is made once more, because a process may pause during one', async () => {
  const { state, copies } = source(600, 0);
  const { trialCost } = await tryCopy(state);
  expect(copies()).toBe(2);
  expect(trialCost.bytes).toBe(3);
  expect(trialCost.ms).toBeLessThan(600);
});

it('a state whose copies are all slow is known as such', async () => {
  const { state } = source(200, 200);
  expect((await tryCopy(state)).trialCost.ms).toBeGreaterThan(150);
});
