import { configInForce, settingsText } from '@understudy/core/internal';
import { expect, it } from 'vitest';
import { Random } from '../draw/random.js';
import { planOf } from '../run.js';

it('runs have settings that replicas can be given', () => {
  for (let seed = 1n; seed <= 500n; seed++) {
    const { config } = planOf(seed, new Random(seed), { upgrades: true });
    const own = { ...config, leaseMs: config.leaseMs + 1 };
    expect(() => configInForce(settingsText(config), own), `of seed ${seed}`).not.toThrow();
  }
});
