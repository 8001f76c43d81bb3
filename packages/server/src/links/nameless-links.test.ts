import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AcceptedLink } from './accepted-link.js';
import { NamelessLinks } from './nameless-links.js';

const linkOf = (peer: string): AcceptedLink => ({ getPeer: () => peer, end: () => {} }) as unknown as AcceptedLink;

describe('links that have not said who they are', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are ended after some seconds, and not if they said so in time', () => {
    const nameless = new NamelessLinks();
    const [late, named] = [linkOf('a:1'), linkOf('a:2')];
    const ended: string[] = [];
    nameless.add(late, () => ended.push('late'));
    nameless.add(named, () => ended.push('named'));
    nameless.delete(named);
    vi.advanceTimersByTime(5_000);
    expect(ended).toEqual(['late']);
  });

  it('make room for a newcomer: the oldest one of the connection that has most', () => {
    const nameless = new NamelessLinks(3);
    const ended: string[] = [];
    for (const [name, peer] of [
      ['quiet', 'a:1'],
      ['first', 'b:1'],
      ['second', 'b:1'],
      ['newcomer', 'c:1'],
    ] as const)
      nameless.add(linkOf(peer), () => ended.push(name));
    expect(ended).toEqual(['first']);
    nameless.closeAll();
  });
});
