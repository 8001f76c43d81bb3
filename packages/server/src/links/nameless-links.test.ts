import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { LINK_PATH } from '@understudy/grpc-common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RawStream } from '../testing/links/raw-stream.js';
import { Stage } from '../testing/stage.js';
import type { AcceptedLink } from './accepted-link.js';
import { NamelessLinks } from './nameless-links.js';

let stage: Stage | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await stage?.end();
  stage = undefined;
});

const linkOf = (peer: string) => ({ getPeer: () => peer, end() {} }) as unknown as AcceptedLink;

describe('links that do not say who they are', () => {
  it('keep no replica out, however many there are', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.start('r1');
    const silent = Array.from({ length: 100 }, () => new RawStream(primary.address, LINK_PATH));
    const first = await Promise.race(silent.map(({ ended }) => ended));
    expect(first.details).toContain('UNDERSTUDY_OVERLOADED');
    await stage.start('r2');
    await stage.until(() => primary.status.inSync.length === 2);
    for (const stream of silent) stream.close();
  });

  it('end after five seconds', () => {
    vi.useFakeTimers();
    const links = new NamelessLinks();
    const ended: string[] = [];
    const named = linkOf('a:1');
    links.add(named, () => ended.push('named'));
    links.add(linkOf('a:2'), (reason) => ended.push(reason));
    links.delete(named);
    vi.advanceTimersByTime(5_000);
    expect(ended).toEqual([]);
    // What had come by then was read.
    vi.advanceTimersToNextTimer();
    expect(ended).toEqual(['it did not say and prove who it is within 5 s']);
  });

  it('make room for a newcomer: the oldest link of the connection with the most links ends', () => {
    const links = new NamelessLinks();
    const ended: string[] = [];
    links.add(linkOf('honest:1'), () => ended.push('honest'));
    for (let i = 0; i < 63; i++) links.add(linkOf('crowd:1'), () => ended.push(`crowd ${i}`));
    links.add(linkOf('honest:2'), () => ended.push('honest'));
    links.add(linkOf('honest:3'), () => ended.push('honest'));
    expect(ended).toEqual(['crowd 0', 'crowd 1']);
    links.closeAll();
  });
});
