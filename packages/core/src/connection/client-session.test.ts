import { expect, it } from 'vitest';
import type { LinkId, SeqNum } from '../model/ids.js';
import { ClientSession } from './client-session.js';

const seqNum = (value: number): SeqNum => value as SeqNum;

it('a session that announces more large requests than it ever sends fills no memory', () => {
  const session = new ClientSession(1 as LinkId, '127.0.0.1:1', 0, 0);
  for (let i = 1; i <= 100_000; i++) session.announce(seqNum(i), 5);
  const announced = Array.from({ length: 100_000 }, (_, i) => session.announcedAtMs(seqNum(i + 1)));
  expect(announced.filter((atMs) => atMs !== undefined)).toHaveLength(1024);

  session.announce(seqNum(1), 6);
  expect(session.announcedAtMs(seqNum(1))).toBe(6);
  // What came makes room for others.
  session.came(seqNum(1));
  session.announce(seqNum(2000), 7);
  expect(session.announcedAtMs(seqNum(2000))).toBe(7);
});
