import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecs } from './testing/codecs.js';

describe.each(codecs)('a value of $name', ({ arbitrary, encode, decode }) => {
  it('comes back from its encoding as it was', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(decode(encode(value))).toStrictEqual(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('has the same encoding after it was decoded', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const bytes = encode(value);
        expect(Buffer.compare(encode(decode(bytes)), bytes)).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('has an encoding that later encodings leave untouched', () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 2, maxLength: 20 }), (values) => {
        const encodings = values.map(encode);
        const copies = values.map((value) => Buffer.from(encode(value)));
        expect(encodings.map((bytes, i) => Buffer.compare(bytes, copies[i] as Buffer))).toEqual(values.map(() => 0));
      }),
      { numRuns: 100 },
    );
  });

  it('is decoded from a view of any memory, whatever surrounds it', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(9), fc.nat(9), (value, before, after) => {
        const bytes = encode(value);
        const surrounded = new Uint8Array(before + bytes.length + after).fill(0xff);
        surrounded.set(bytes, before);
        expect(decode(surrounded.subarray(before, before + bytes.length))).toStrictEqual(value);
      }),
      { numRuns: 100 },
    );
  });
});
