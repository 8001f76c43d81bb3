import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Assembler, Chunker, decodeOutcome, encodeOutcome, outcomeDigest, unwrapFrame, wrapFrame } from '../index.js';

const CHUNK = 1025;
const chunker = new Chunker({ chunkBytes: CHUNK });

/** Frames begin with the version. */
const frameOf = (length: number): Buffer => {
  const frame = Buffer.alloc(length);
  for (let i = 0; i < length; i++) frame[i] = (i * 31) & 0xff;
  frame[0] = 1;
  return frame;
};

const assemble = (chunks: readonly Uint8Array[], assembler = new Assembler()) =>
  chunks.map((chunk) => assembler.push(chunk));

describe('a frame that fits', () => {
  it('is its own chunk, without a copy or a byte more', () => {
    const frame = frameOf(CHUNK);
    const chunks = chunker.split(frame);
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toBe(frame);
    expect(new Assembler().push(frame)).toBe(frame);
  });
});

describe('a frame that does not', () => {
  it('comes back from its parts', () => {
    fc.assert(
      fc.property(fc.integer({ min: CHUNK + 1, max: 5 * CHUNK }), (length) => {
        const frame = frameOf(length);
        const chunks = chunker.split(frame);
        expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(CHUNK);
        const results = assemble(chunks);
        expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
        expect(Buffer.compare(results.at(-1) as Uint8Array, frame)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('comes back from a stream of Frame messages, among others', () => {
    const large = { kind: 'reply' as const, code: 0, details: '', message: Buffer.alloc(3 * 1024 * 1024 + 5, 9) };
    const small = { kind: 'reply' as const, code: 5, details: 'no such account' };
    const sent = [small, large, small].flatMap((outcome) => new Chunker().split(encodeOutcome(outcome)));
    expect(sent).toHaveLength(1 + 4 + 1);
    const assembler = new Assembler();
    const received = sent.map((chunk) => assembler.push(unwrapFrame(Buffer.from(wrapFrame(chunk)))));
    const frames = received.filter((frame) => frame !== undefined);
    expect(frames.map((frame) => outcomeDigest(decodeOutcome(frame)))).toEqual(
      [small, large, small].map(outcomeDigest),
    );
  });

  it('stays below the bound on chunks of gRPC with its envelope', () => {
    const chunks = new Chunker().split(frameOf(5 * 1024 * 1024));
    expect(Math.max(...chunks.map((chunk) => wrapFrame(chunk).length))).toBeLessThan(1024 * 1024 + 16);
  });
});

describe('the assembler refuses', () => {
  const [first, second, last] = chunker.split(frameOf(2 * CHUNK + 100)) as [Uint8Array, Uint8Array, Uint8Array];

  it('more than its bound, and holds nothing then', () => {
    const assembler = new Assembler({ frameBytesMax: 2 * CHUNK });
    expect(assemble([first, second], assembler)).toEqual([undefined, undefined]);
    expect(() => assembler.push(last)).toThrow('UNDERSTUDY_MALFORMED: frame of more than 2050 bytes');
    expect(() => assembler.push(last)).toThrow('last part of a frame without a first');
    expect(assembler.push(frameOf(10))).toEqual(frameOf(10));
  });

  it('a whole frame above its bound', () => {
    expect(() => new Assembler({ frameBytesMax: 9 }).push(frameOf(10))).toThrow('UNDERSTUDY_MALFORMED');
  });

  it('a last part without a first', () => {
    expect(() => new Assembler().push(last)).toThrow('UNDERSTUDY_MALFORMED');
  });

  it('a whole frame between parts', () => {
    const assembler = new Assembler();
    assembler.push(first);
    expect(() => assembler.push(frameOf(10))).toThrow('UNDERSTUDY_MALFORMED');
  });

  it('parts too small to be ours, which could fill its memory with little', () => {
    expect(() => new Assembler().push(first.subarray(0, 100))).toThrow('UNDERSTUDY_MALFORMED: part of 99 bytes');
  });

  it('an empty last part', () => {
    const assembler = new Assembler();
    assembler.push(first);
    expect(() => assembler.push(last.subarray(0, 1))).toThrow('UNDERSTUDY_MALFORMED: part of 0 bytes');
  });
});

it('leaves an empty chunk to the decoder, which refuses it', () => {
  const empty = new Assembler().push(new Uint8Array(0)) as Uint8Array;
  expect(() => decodeOutcome(empty)).toThrow('UNDERSTUDY_MALFORMED: truncated');
});

it('does not take a chunk size that its assembler would refuse', () => {
  expect(() => new Chunker({ chunkBytes: 1024 })).toThrow(RangeError);
  expect(() => new Chunker({ chunkBytes: Number.NaN })).toThrow(RangeError);
});
