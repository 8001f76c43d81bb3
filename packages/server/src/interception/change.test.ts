import { UnderstudyError } from '@understudy/core';
import type { Request } from '@understudy/core/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyChange, encodeChange } from './change.js';

const key = fc.constantFrom('a', 'b', 'x-user');
const entry = fc.oneof(
  fc.tuple(key, fc.string()),
  fc.tuple(
    key.map((name) => `${name}-bin`),
    fc.uint8Array(),
  ),
);
const metadata = fc.option(fc.array(entry, { minLength: 1, maxLength: 5 }), { nil: undefined });

const original: Request = {
  method: '/bank.v1.Bank/Pay',
  message: new Uint8Array(5_000).fill(7),
  metadata: [['a', '1']],
  deadlineMs: 1_700_000_000_000,
  key: 'k',
};

/** Makes a request comparable, whose bytes are the same whether they come as a Buffer or not. */
const comparable = (request: Request) => ({
  ...request,
  message: [...request.message],
  metadata: request.metadata?.map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
});

describe('a change that interceptors made', () => {
  it('is the same after its way to a backup, whatever it changes', () => {
    fc.assert(
      fc.property(fc.option(fc.uint8Array()), metadata, fc.boolean(), (message, entries, told) => {
        const { metadata: _before, ...rest } = original;
        const changed: Request = {
          ...rest,
          message: message ?? original.message,
          ...(entries !== undefined && { metadata: entries }),
        };
        const applied = applyChange(original, encodeChange(changed, told ? original : undefined));
        expect(comparable(applied)).toEqual(comparable(changed));
      }),
    );
  });

  it('does not repeat the message if it changes only metadata', () => {
    const changed = { ...original, metadata: [['a', '2']] as const };
    expect(encodeChange(changed, original).length).toBeLessThan(32);
    expect(applyChange(original, encodeChange(changed, original)).message).toBe(original.message);
  });

  it('can take all metadata away', () => {
    const { metadata: _gone, ...changed } = original;
    expect(applyChange(original, encodeChange(changed, original))).toEqual(changed);
  });

  it('is refused with a code if it is garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          applyChange(original, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(UnderstudyError);
          expect((error as UnderstudyError).code).toBe('UNDERSTUDY_MALFORMED');
        }
      }),
    );
    expect(() => applyChange(original, new Uint8Array(0))).toThrow(UnderstudyError);
    expect(() => applyChange(original, new Uint8Array([4]))).toThrow(UnderstudyError);
  });
});
