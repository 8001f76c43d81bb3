import { bytesOf } from '@understudy/core/testing';
import { describe, expect, it } from 'vitest';
import { type Asking, askingOf, asksFirst, asksInAll, callText, heardText, readCall, UNREACHED } from './nested.js';

const NAMES = Array.from({ length: 1000 }, (_, i) => `m${i + 1}`);

const kinds = (share: number, waits: boolean): Map<Asking, number> => {
  const counts = new Map<Asking, number>();
  for (const name of NAMES) {
    const asking = askingOf(name, share, waits);
    counts.set(asking, (counts.get(asking) ?? 0) + 1);
  }
  return counts;
};

describe('the nested calls of an operation', () => {
  it('are of all kinds, each about as often, in about the planned share of the operations', () => {
    const { nothing = 0, ...asked } = Object.fromEntries(kinds(0.5, true));
    expect(nothing).toBeGreaterThan(400);
    expect(nothing).toBeLessThan(600);
    expect(Object.keys(asked)).toHaveLength(5);
    for (const count of Object.values(asked)) expect(count).toBeGreaterThan(50);
  });

  it('are never waited for in a one-way call', () => {
    expect([...kinds(0.9, false).keys()].sort()).toEqual(['aside', 'nothing']);
  });

  it('never happen if the planned share is 0', () => {
    expect([...kinds(0, true).keys()]).toEqual(['nothing']);
  });

  it('begin with one call if the second one follows the first reply', () => {
    expect([asksFirst('in a row'), asksInAll('in a row')]).toEqual([1, 2]);
    expect([asksFirst('at once'), asksInAll('at once')]).toEqual([2, 2]);
    expect([asksFirst('nothing'), asksInAll('nothing')]).toEqual([0, 0]);
  });

  it('carry their name and the last entry that their handler saw', () => {
    expect(readCall(callText('m5.1', '12/345/m4/'))).toEqual({ what: 'm5.1', length: 12, digest: 345 });
  });

  it('enter the history with the value of the reply, or as unknown', () => {
    expect(heardText('m5.1', { kind: 'reply', code: 0, details: '', message: bytesOf('7') })).toBe('m5.1=7');
    expect(heardText('m5.1', UNREACHED)).toBe('m5.1=nobody knows');
  });
});
