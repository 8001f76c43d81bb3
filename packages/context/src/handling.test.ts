import { describe, expect, it } from 'vitest';
import { currentHandling, expectCalls, type Handling, handle } from './handling.js';

const nobody: Handling = { nest: () => ({ cancel() {} }) };

describe('the handler within which code runs', () => {
  it('is unknown until calls are expected', () => {
    expect(handle(nobody, currentHandling)).toBeUndefined();
  });

  it('is known in everything that the handler has started', async () => {
    expectCalls();
    const seen = await handle(nobody, async () => {
      const atOnce = currentHandling();
      const inCallback = await new Promise((resolve) => setImmediate(() => resolve(currentHandling())));
      return [atOnce, inCallback, currentHandling()];
    });
    expect(seen).toEqual([nobody, nobody, nobody]);
    expect(currentHandling()).toBeUndefined();
  });

  it('is unknown where code runs on behalf of nobody', () => {
    expectCalls();
    const seen = handle(nobody, () => [handle(undefined, currentHandling), currentHandling()]);
    expect(seen).toEqual([undefined, nobody]);
  });
});
