import { describe, expect, it } from 'vitest';
import { WaitingBytes } from './waiting-bytes.js';

describe('the bytes that wait on links', () => {
  it('end the link with the most of them once they are too many, whichever link added the last', () => {
    const waiting = new WaitingBytes<string>(100);
    expect(waiting.set('a', 70)).toBeUndefined();
    expect(waiting.set('b', 30)).toBeUndefined();
    expect(waiting.set('b', 31)).toBe('a');
    waiting.set('a', 0);
    expect(waiting.set('b', 100)).toBeUndefined();
  });

  it('count as they are now, not as they were before', () => {
    const waiting = new WaitingBytes<string>(100);
    for (let i = 0; i < 10; i++) expect(waiting.set('a', 90)).toBeUndefined();
    waiting.set('a', 10);
    expect(waiting.set('b', 90)).toBeUndefined();
  });
});
