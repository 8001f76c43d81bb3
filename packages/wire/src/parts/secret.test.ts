import type { Term } from '@understudy/core';
import { connectionKind, type HelloFrame, InvariantViolation, type SeqNum } from '@understudy/core/internal';
import { expect, it } from 'vitest';
import { decodeSessionFrame, encodeSessionFrame } from '../index.js';
import { connectionOf, SECRET_BYTES } from './secret.js';

const secret = Buffer.alloc(SECRET_BYTES, 1);
const other = Buffer.alloc(SECRET_BYTES, 2);

const hello: HelloFrame = {
  ...{ kind: 'hello', group: 'bank', connection: connectionOf(secret), fresh: true },
  ...{ term: 1 as Term, repliesSeenUpTo: 0 as SeqNum, sentAtMs: 1, settings: 0 },
};

it('a session’s connection follows from its secret, and tells nothing of it', () => {
  expect(connectionKind(connectionOf(secret))).toBe('session');
  expect(connectionOf(secret)).toBe('session:72cd6e8422c407fb6d098690f1130b7d');
  expect(connectionOf(other)).not.toBe(connectionOf(secret));
});

it('a hello speaks for the connection of the secret that it shows, whatever connection its sender would like', () => {
  expect(decodeSessionFrame(encodeSessionFrame(hello, secret))).toEqual(hello);
  expect(() => encodeSessionFrame(hello, other)).toThrow(InvariantViolation);
});

it.each([0, 16, 33])('a session cannot have a secret of %i bytes', (length) => {
  expect(() => encodeSessionFrame(hello, Buffer.alloc(length))).toThrow(InvariantViolation);
});
