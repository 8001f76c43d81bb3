import { describe, expect, it } from 'vitest';
import { LineProgress } from './progress.js';

describe('progress without a terminal', () => {
  it('is a line every ten percent, whether it comes in small or large steps', () => {
    const lines: string[] = [];
    const progress = new LineProgress((line) => lines.push(line));
    progress.begin('bank', 50);
    for (const done of [1, 4, 5, 6, 27, 27, 50]) progress.update(done);
    expect(lines).toEqual(['bank         10%  5/50', 'bank         50%  27/50', 'bank        100%  50/50']);
  });

  it('cuts notes to the width of a terminal', () => {
    const lines: string[] = [];
    new LineProgress((line) => lines.push(line)).note('x'.repeat(200));
    expect(lines[0]?.length).toBeLessThan(80);
  });
});
