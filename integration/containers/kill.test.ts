import { describe, it } from 'vitest';
import { ContainerStage, untilAnswered } from './stage.js';

describe('first', () => {
  const stage = new ContainerStage();
  it('kill', { timeout: 100_000 }, async () => {
    let ms = 0;
    const v = await stage.play({}, async ({ bank, load }) => {
      const before = bank.record;
      const at = await bank.kill(bank.primary);
      await bank.until(({ term }) => term > before.term);
      ms = await untilAnswered(load, at);
    });
    console.log(ms, v);
  });
});
