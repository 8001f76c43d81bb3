import { expect, it } from 'vitest';
import { otherGrpc } from '../../server/src/testing/other-grpc.js';
import { checkOneGrpc } from './one-grpc.js';

it('a nice-grpc that uses another copy of grpc-js is refused with what to do', () => {
  expect(() => checkOneGrpc()).not.toThrow();
  const { grpc, remove } = otherGrpc();
  expect(() => checkOneGrpc(grpc.Channel)).toThrow(/UNDERSTUDY_SETUP.*npm dedupe/);
  remove();
});
