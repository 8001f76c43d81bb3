import { describe, expect, it } from 'vitest';
import type { CountEvidence } from './evidence.js';
import { proveRound } from './proof.js';

const OK = { code: 0, details: '' };
const SENT = { tallies: ['a', 'b'], messages: 2, placesBefore: 10 };

const stream = (tally: string, ...answers: readonly (readonly [number, number, number])[]): CountEvidence => ({
  tally,
  answers: Uint32Array.from(answers.flat()),
  end: OK,
});
const a = stream('a', [1, 1, 11], [2, 2, 14]);
const b = stream('b', [1, 1, 12], [2, 2, 13]);

describe('the proof of a round', () => {
  it('accepts streams whose messages were answered in order and counted once', () => {
    expect(proveRound([a, b], SENT)).toEqual([]);
  });

  it.each<[string, CountEvidence, string]>([
    ['a lost message', stream('b', [1, 1, 12]), 'b had 1 answers to 2 messages'],
    ['a gap', stream('b', [2, 2, 12], [2, 2, 13]), 'answer 1 of b is to message 2'],
    ['a repeat', stream('b', [1, 1, 12], [1, 2, 13]), 'answer 2 of b is to message 1'],
    ['a doubled effect', stream('b', [1, 1, 12], [2, 3, 13]), 'answer 2 of b tells of 3 messages that took effect'],
    ['disorder', stream('b', [1, 1, 13], [2, 2, 12]), 'answer 2 of b has place 12, the one before 13'],
    ['a place that is taken', stream('b', [1, 1, 12], [2, 2, 14]), 'answer 2 of b has place 14, and answer 2 of a too'],
    ['a place of nobody', stream('b', [1, 1, 9], [2, 2, 13]), 'answer 1 of b has place 9, of 4 after 10'],
    ['a broken stream', { ...b, end: { code: 14, details: 'gone' } }, 'b ended with 14 "gone"'],
  ])('notices %s', (_what, broken, sentence) => {
    expect(proveRound([a, broken], SENT)).toContain(sentence);
  });

  it('notices a missing stream, and reports only the first of many faults', () => {
    expect(proveRound([a], SENT)).toEqual(['there were streams for a, not a,b']);
    const none = SENT.tallies.map((tally) => ({ ...stream(tally), end: { code: 14, details: '' } }));
    expect(proveRound([...none, ...none], SENT).at(-1)).toBe('and 4 more');
  });
});
