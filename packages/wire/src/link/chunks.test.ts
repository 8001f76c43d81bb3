import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../bytes/layout.js';
import { Assembler, Chunker, decodeOutcome, encodeOutcome, outcomeDigest, unwrapFrame, wrapFrame } from '../index.js';

const CHUNK = 1027;
const chunker = new Chunker({ chunkBytes: CHUNK });

/** A frame of this many bytes, which begins with the version as every frame does. */
const frameOf = (length: number): Buffer => {
  const frame = Buffer.alloc(length);
  for (let i = 0; i < length; i++) frame[i] = (i * 31) & 0xff;
  frame[0] = VERSION;
  return frame;
};

const assemble = (chunks: readonly Uint8Array[], assembler = new Assembler()) =>
  chunks.map((chunk) => assembler.push(chunk));

describe('a frame that fits into a chunk', () => {
  it('travels as its own chunk, without a copy and without an added byte', () => {
    const frame = frameOf(CHUNK);
    const chunks = chunker.split(frame);
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toBe(frame);
    expect(new Assembler().push(frame)).toBe(frame);
  });
});

describe('a frame that is larger than a chunk', () => {
  it('comes back whole from its parts', () => {
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

  it('comes back whole from a link on which smaller frames travel before and after it', () => {
    const large = { kind: 'reply' as const, code: 0, details: '', message: Buffer.alloc(3 * 1024 * 1024 + 5, 9) };
    const small = { kind: 'reply' as const, code: 5, details: 'no such account' };
    const sent = [small, large, small].flatMap((outcome) => new Chunker().split(encodeOutcome(outcome)));
    expect(sent).toHaveLength(1 + 49 + 1);
    const assembler = new Assembler();
    const received = sent.map((chunk) => assembler.push(unwrapFrame(Buffer.from(wrapFrame(chunk)))));
    const frames = received.filter((frame) => frame !== undefined);
    expect(frames.map((frame) => outcomeDigest(decodeOutcome(frame)))).toEqual(
      [small, large, small].map(outcomeDigest),
    );
  });

  it('is cut so that a chunk with its envelope stays below 64 KiB and 16 bytes', () => {
    const chunks = new Chunker().split(frameOf(5 * 1024 * 1024));
    expect(Math.max(...chunks.map((chunk) => wrapFrame(chunk).length))).toBeLessThan(64 * 1024 + 16);
  });
});

describe('an assembler', () => {
  const [first, second, last] = chunker.split(frameOf(2 * CHUNK + 100)) as [Uint8Array, Uint8Array, Uint8Array];

  it('refuses parts that add up to more than its bound, and drops them', () => {
    const assembler = new Assembler({ frameBytesMax: 2 * CHUNK });
    expect(assemble([first, second], assembler)).toEqual([undefined, undefined]);
    expect(() => assembler.push(last)).toThrow('UNDERSTUDY_MALFORMED: frame of more than 2054 bytes');
    expect(() => assembler.push(last)).toThrow('last part of a frame without a first');
    expect(assembler.push(frameOf(10))).toEqual(frameOf(10));
  });

  it('refuses a whole frame above its bound', () => {
    expect(() => new Assembler({ frameBytesMax: 9 }).push(frameOf(10))).toThrow('UNDERSTUDY_MALFORMED');
  });

  it('refuses a last part without a first one', () => {
    expect(() => new Assembler().push(last)).toThrow('UNDERSTUDY_MALFORMED');
  });

  it('gives a whole frame at once that travels between the parts of another', () => {
    const assembler = new Assembler();
    expect(assemble([first, frameOf(10), second, frameOf(20)], assembler).map((frame) => frame?.length)).toEqual([
      undefined,
      10,
      undefined,
      20,
    ]);
    expect(assembler.push(last)).toEqual(frameOf(2 * CHUNK + 100));
    expect(assembler.waitingBytes).toBe(0);
  });

  it('puts together a frame of each lane whose parts alternate', () => {
    const large = frameOf(3 * CHUNK);
    const larger = frameOf(4 * CHUNK);
    const ordinary = chunker.split(large);
    const bulk = chunker.split(larger, 'bulk');
    const mixed = bulk.flatMap((chunk, i) => [chunk, ...ordinary.slice(i, i + 1)]);
    const frames = assemble(mixed).filter((frame) => frame !== undefined);
    expect(frames.map((frame) => Buffer.from(frame).equals(frame.length === large.length ? large : larger))).toEqual([
      true,
      true,
    ]);
  });

  it('refuses a part on a lane that does not exist', () => {
    const stray = Uint8Array.from(first);
    stray[1] = 2;
    expect(() => new Assembler().push(stray)).toThrow('UNDERSTUDY_MALFORMED: part of a frame on lane 2');
  });

  it('counts the parts of all lanes against its bound', () => {
    const assembler = new Assembler({ frameBytesMax: 2 * CHUNK });
    const [bulk] = chunker.split(frameOf(2 * CHUNK), 'bulk') as [Uint8Array];
    assemble([first, second], assembler);
    expect(() => assembler.push(bulk)).toThrow('UNDERSTUDY_MALFORMED: frame of more than 2054 bytes');
  });

  it('refuses parts that no Chunker makes so small, because many of them would fill its memory', () => {
    expect(() => new Assembler().push(first.subarray(0, 100))).toThrow('UNDERSTUDY_MALFORMED: part of 98 bytes');
  });

  it('refuses an empty last part', () => {
    const assembler = new Assembler();
    assembler.push(first);
    expect(() => assembler.push(last.subarray(0, 2))).toThrow('UNDERSTUDY_MALFORMED: part of 0 bytes');
  });
});

it.each([0, 1, CHUNK - 3, CHUNK - 2, CHUNK, 2 * CHUNK, 100_000])(
  'a frame in pieces has the same chunks as in one, with a piece of %d bytes first',
  (first) => {
    const whole = frameOf(200_000);
    const pieces = [whole.subarray(0, first), whole.subarray(first, first + 70_000), whole.subarray(first + 70_000)];
    expect(new Chunker({ chunkBytes: CHUNK }).split(pieces, 'bulk').map((chunk) => Buffer.from(chunk))).toEqual(
      new Chunker({ chunkBytes: CHUNK }).split(whole, 'bulk').map((chunk) => Buffer.from(chunk)),
    );
  },
);

it('an assembler passes an empty chunk on to the decoder, which refuses it', () => {
  const empty = new Assembler().push(new Uint8Array(0)) as Uint8Array;
  expect(() => decodeOutcome(empty)).toThrow('UNDERSTUDY_MALFORMED: truncated');
});

it('a Chunker refuses a chunk size whose parts an assembler would refuse', () => {
  expect(() => new Chunker({ chunkBytes: 1026 })).toThrow(RangeError);
  expect(() => new Chunker({ chunkBytes: Number.NaN })).toThrow(RangeError);
});
