import { describe, expect, it } from 'vitest';
import { Disturbed } from '../ipc/child.js';
import { attempt, type Finding } from './attempts.js';
import type { Bench, Settings } from './settings.js';

const bench: Bench = { settings: {} as Settings, interrupt: new AbortController().signal, progress: () => {} };

/** A measurement that results in 1, 2, 3 …; `whole` says during which of them the group stayed whole. */
function measuring(whole: (count: number) => boolean): () => Promise<Finding<number>> {
  let count = 0;
  return async () => {
    count += 1;
    return { result: count, whole: whole(count) };
  };
}

describe('attempt', () => {
  it('returns the first result when the group stayed whole', async () => {
    expect(
      await attempt(
        bench,
        measuring(() => true),
      ),
    ).toEqual({ result: 1, disturbed: 0 });
  });

  it('measures again when the group was disturbed, and counts the disturbances', async () => {
    expect(
      await attempt(
        bench,
        measuring((count) => count === 3),
      ),
    ).toEqual({ result: 3, disturbed: 2 });
  });

  it('gives up after three attempts when the group is disturbed every time', async () => {
    expect(
      await attempt(
        bench,
        measuring(() => false),
      ),
    ).toEqual({ result: 3, disturbed: 3 });
  });

  it('measures again when the measurement throws Disturbed', async () => {
    const measure = measuring(() => true);
    const first = async () => {
      const finding = await measure();
      if (finding.result === 1) throw new Disturbed('the group has no primary');
      return finding;
    };
    expect(await attempt(bench, first)).toEqual({ result: 2, disturbed: 1 });
  });

  it('passes every other error on', async () => {
    const failing = async () => {
      throw new TypeError('a defect');
    };
    await expect(attempt(bench, failing)).rejects.toThrow('a defect');
  });
});
