import { expect, it } from 'vitest';
import { bytesOf } from '../testing/text.js';
import { bodyBytes, isLarge, type Request } from './message.js';

const call: Request = { method: '/log.Log/Append', message: bytesOf('four') };
const entries = (count: number): NonNullable<Request['metadata']> =>
  Array.from({ length: count }, () => ['key', 'value'] as const);

it('all that a client may send without bound counts: the message, the method, and metadata with what each entry costs', () => {
  expect(bodyBytes(call)).toBe(4);
  expect(bodyBytes({ ...call, method: 'm'.repeat(5000) })).toBe(4 + 5000 - 256);
  expect(bodyBytes({ ...call, metadata: entries(3) })).toBe(4 + 3 * (64 + 8));
});

it('a request with much metadata travels alone', () => {
  expect(isLarge({ ...call, metadata: entries(48) })).toBe(false);
  expect(isLarge({ ...call, metadata: entries(49) })).toBe(true);
  expect(isLarge({ ...call, metadata: [['key', 'v'.repeat(16_384)]] })).toBe(true);
});
